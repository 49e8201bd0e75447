package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// startupPacket is an ordinary client's first packet.
func startupPacket(tb testing.TB, parameters map[string]string) []byte {
	tb.Helper()
	if parameters == nil {
		parameters = map[string]string{"user": "alice", "database": "shop"}
	}
	b, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: parameters}).Encode(nil)
	require.NoError(tb, err)
	return b
}

// packet is a first packet with that code and body.
func packet(code uint32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(startupHeader+len(body)))
	b = binary.BigEndian.AppendUint32(b, code)
	return append(b, body...)
}

func sqlState(err error) string {
	if s, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return s.SQLState()
	}
	return ""
}

func TestReadStartup(t *testing.T) {
	t.Parallel()
	session := startupPacket(t, nil)
	key := strings.Repeat("k", 256)
	longest := packet(3<<16, strings.Repeat("x", MaxStartupPacketLength-4))
	for _, tc := range []struct {
		name string
		in   []byte
		want Startup
	}{
		{"session", session, Startup{Request: RequestStartup, Version: 3 << 16}},
		{"session 3.2", packet(3<<16|2, "user\x00u\x00\x00"), Startup{Request: RequestStartup, Version: 3<<16 | 2}},
		{"old session", packet(2<<16, "..."), Startup{Request: RequestStartup, Version: 2 << 16}},
		{"longest session", longest, Startup{Request: RequestStartup, Version: 3 << 16}},
		{"SSL", packet(negotiateSSLCode, ""), Startup{Request: RequestSSL}},
		{"GSSENC", packet(negotiateGSSCode, ""), Startup{Request: RequestGSSENC}},
		{"cancel", packet(cancelRequestCode, "\x00\x00\x01\x02keys"), Startup{Request: RequestCancel, PID: 258, Key: []byte("keys")}},
		{"cancel 3.2", packet(cancelRequestCode, "\x00\x00\x01\x02"+key), Startup{Request: RequestCancel, PID: 258, Key: []byte(key)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.Raw = tc.in
			for name, wrap := range map[string]func(io.Reader) io.Reader{
				"whole":             func(r io.Reader) io.Reader { return r },
				"bytewise":          iotest.OneByteReader,
				"end with the data": iotest.DataErrReader,
			} {
				r := bytes.NewReader(append(bytes.Clone(tc.in), "what follows"...))
				got, err := ReadStartup(wrap(r))
				require.NoError(t, err, name)
				require.Equal(t, tc.want, got, name)
				if name != "end with the data" { // which reads ahead by itself
					require.Equal(t, len("what follows"), r.Len(), name)
				}
			}
		})
	}
}

func TestReadStartupOfTLS(t *testing.T) {
	t.Parallel()
	hello := "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"
	got, err := ReadStartup(strings.NewReader(hello))
	require.NoError(t, err)
	require.Equal(t, Startup{Request: RequestDirectTLS, Raw: []byte(hello[:8])}, got)
	got, err = ReadStartup(iotest.OneByteReader(strings.NewReader(hello)))
	require.NoError(t, err)
	require.Equal(t, Startup{Request: RequestDirectTLS, Raw: []byte(hello[:1])}, got)
}

func TestReadStartupRejects(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"no length":          "\x00\x00\x00\x00",
		"length of itself":   "\x00\x00\x00\x07",
		"too long by one":    "\x00\x00\x27\x15",
		"huge":               "\xff\xff\xff\xff",
		"HTTP":               "GET / HTTP/1.1\r\n",
		"SSH":                "SSH-2.0-OpenSSH_9.6\r\n",
		"cancel without key": string(packet(cancelRequestCode, "\x00\x00\x00\x01")),
		"cancel, short key":  string(packet(cancelRequestCode, "\x00\x00\x00\x01abc")),
		"cancel, long key":   string(packet(cancelRequestCode, "\x00\x00\x00\x01"+strings.Repeat("k", 257))),
		"cancel of nothing":  string(packet(cancelRequestCode, "")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The reader fails the test when it is asked for more than is needed to tell.
			r := io.MultiReader(strings.NewReader(in), iotest.ErrReader(errors.New("asked for more")))
			_, err := ReadStartup(r)
			require.Equal(t, "08P01", sqlState(err), "%v", err)
		})
	}
}

func TestReadStartupTruncated(t *testing.T) {
	t.Parallel()
	whole := startupPacket(t, nil)
	_, err := ReadStartup(bytes.NewReader(nil))
	require.Equal(t, io.EOF, err)
	for n := 1; n < len(whole); n++ {
		_, err := ReadStartup(bytes.NewReader(whole[:n]))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%d bytes", n)
		broken := errors.New("broken")
		_, err = ReadStartup(io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, "%d bytes", n)
	}
}

func TestStartupParameter(t *testing.T) {
	t.Parallel()
	st, err := ReadStartup(bytes.NewReader(packet(3<<16, "user\x00a\x00database\x00d\x00user\x00b\x00options\x00\x00\x00")))
	require.NoError(t, err)
	require.Equal(t, "b", st.Parameter("user"))
	require.Equal(t, "d", st.Parameter("database"))
	require.Equal(t, "", st.Parameter("options"))
	require.Equal(t, "", st.Parameter("Database"))
	for _, body := range []string{"", "user", "user\x00", "user\x00a", "\x00user\x00a\x00"} {
		st, err := ReadStartup(bytes.NewReader(packet(3<<16, body)))
		require.NoError(t, err)
		require.Equal(t, "", st.Parameter("user"), "%q", body)
	}
	require.Equal(t, "", Startup{}.Parameter("user"))
}

// exactly is a reader that notes how much was taken from it, and gives it out in pieces.
type exactly struct {
	b     []byte
	taken int
	step  int
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.taken == len(e.b) {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), e.step)], e.b[e.taken:])
	e.taken += n
	return n, nil
}

func FuzzStartup(f *testing.F) {
	whole := startupPacket(f, nil)
	for n := range len(whole) + 1 {
		f.Add(whole[:n], byte(n))
	}
	f.Add(packet(negotiateSSLCode, ""), byte(1))
	f.Add(packet(negotiateGSSCode, ""), byte(3))
	f.Add(packet(cancelRequestCode, "\x00\x00\x00\x01keys"), byte(255))
	f.Add([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), byte(5))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), byte(7))
	f.Add([]byte("\x7f\xff\xff\xff\x00\x03\x00\x00"), byte(0))
	f.Fuzz(func(t *testing.T, in []byte, step byte) {
		r := &exactly{b: append(bytes.Clone(in), "following"...), step: 1 + int(step)}
		st, err := ReadStartup(r)
		switch {
		case err != nil:
			require.LessOrEqual(t, r.taken, 4+MaxStartupPacketLength)
			return
		case st.Request == RequestDirectTLS:
			require.LessOrEqual(t, r.taken, startupHeader)
		default:
			require.EqualValues(t, r.taken, binary.BigEndian.Uint32(r.b))
			require.LessOrEqual(t, r.taken, 4+MaxStartupPacketLength)
		}
		require.True(t, bytes.Equal(r.b[:r.taken], st.Raw), "Raw is what was read")
		st.Parameter("user")
		if st.Request == RequestCancel {
			require.True(t, 4 <= len(st.Key) && len(st.Key) <= 256)
		}
	})
}
