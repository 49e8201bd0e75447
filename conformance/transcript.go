package conformance

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// The transcripts in testdata are conversations with a server, message by message. A line that begins with # starts a new
// conversation, in a session of its own, and names it; lines that begin with % are remarks, or, as "% needs 17", the
// oldest server that it is for. Lines that begin with > are sent together; then the lines that begin with < must come back,
// and nothing else but ParameterStatus. A line is the type byte of a message and what matters in it:
//
//	> Q sql                       > P statement oids sql        > B portal statement parameters
//	> D S statement               > D P portal                  > E portal rows
//	> C S statement               > C P portal                  > S, > H, > c
//	> d data                      > f reason                    > F oid parameters
//	< T name:oid,...              < D value|...                 < t oid,...
//	< E severity sqlstate text    < N severity sqlstate text    < A channel|payload
//	< C tag                       < Z status                    < G, < H format columns
//
// Names, oids and parameters that are empty are written -, NULL is ∅, OIDs of user objects are ?, and a backslash, a
// newline or a tab inside a value is written as in Go.
//
//go:embed testdata/*.transcript
var transcripts embed.FS

// conversation is one entry of a transcript.
type conversation struct {
	name  string
	needs int
	turns []turn
}

// turn is what is sent at once, and what comes back.
type turn struct {
	send, receive []string
}

func testTranscripts(a *area) {
	files, err := fs.Glob(transcripts, "testdata/*.transcript")
	require.NoError(a, err)
	for _, file := range files {
		text, err := transcripts.ReadFile(file)
		require.NoError(a, err)
		conversations, err := parseTranscript(string(text))
		require.NoError(a, err, file)
		for _, c := range conversations {
			name := strings.TrimSuffix(path.Base(file), ".transcript") + "/" + c.name
			a.run(name, func(s *session) { s.converse(c) })
		}
	}
}

// converse has a conversation with the server.
func (s *session) converse(c conversation) {
	s.Helper()
	if c.needs > 0 {
		s.needs(c.needs, "this conversation")
	}
	w := s.wire()
	for _, turn := range c.turns {
		messages := make([]pgproto3.FrontendMessage, len(turn.send))
		for i, line := range turn.send {
			message, err := parseMessage(line)
			require.NoError(s, err, line)
			messages[i] = message
		}
		w.send(messages...)
		// Reading stops at the first difference, because what follows it may never come.
		for _, expected := range turn.receive {
			require.Equal(s, expected, w.read(1)[0], "after %s", strings.Join(turn.send, "\n"))
		}
	}
}

func parseTranscript(text string) ([]conversation, error) {
	var conversations []conversation
	for number, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		kind, rest := line[0], strings.TrimPrefix(line[1:], " ")
		if kind == '#' {
			conversations = append(conversations, conversation{name: rest})
			continue
		}
		if len(conversations) == 0 {
			if kind == '%' {
				continue
			}
			return nil, fmt.Errorf("line %d: before the first #", number+1)
		}
		c := &conversations[len(conversations)-1]
		switch kind {
		case '%':
			if major, ok := strings.CutPrefix(rest, "needs "); ok {
				var err error
				if c.needs, err = strconv.Atoi(major); err != nil {
					return nil, fmt.Errorf("line %d: %w", number+1, err)
				}
			}
		case '>':
			if len(c.turns) == 0 || len(c.turns[len(c.turns)-1].receive) > 0 {
				c.turns = append(c.turns, turn{})
			}
			last := &c.turns[len(c.turns)-1]
			last.send = append(last.send, rest)
		case '<':
			if len(c.turns) == 0 {
				return nil, fmt.Errorf("line %d: < before >", number+1)
			}
			last := &c.turns[len(c.turns)-1]
			last.receive = append(last.receive, rest)
		default:
			return nil, fmt.Errorf("line %d: want #, %%, > or <", number+1)
		}
	}
	return conversations, nil
}

// parseMessage reads a line that is sent.
func parseMessage(line string) (pgproto3.FrontendMessage, error) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "Q":
		return &pgproto3.Query{String: unescape(rest)}, nil
	case "P":
		fields := strings.SplitN(rest, " ", 3)
		if len(fields) < 3 {
			fields = append(fields, "")
		}
		oids, err := parseOIDs(fields[1])
		return &pgproto3.Parse{Name: dash(fields[0]), ParameterOIDs: oids, Query: unescape(fields[2])}, err
	case "B":
		fields := strings.SplitN(rest, " ", 3)
		parameters := parseParameters(fields[2])
		return &pgproto3.Bind{DestinationPortal: dash(fields[0]), PreparedStatement: dash(fields[1]), Parameters: parameters}, nil
	case "D":
		return &pgproto3.Describe{ObjectType: rest[0], Name: dash(rest[2:])}, nil
	case "C":
		return &pgproto3.Close{ObjectType: rest[0], Name: dash(rest[2:])}, nil
	case "E":
		portal, limit, _ := strings.Cut(rest, " ")
		rows, err := strconv.ParseUint(limit, 10, 32)
		return &pgproto3.Execute{Portal: dash(portal), MaxRows: uint32(rows)}, err
	case "F":
		oid, parameters, _ := strings.Cut(rest, " ")
		function, err := strconv.ParseUint(oid, 10, 32)
		return &pgproto3.FunctionCall{Function: uint32(function), Arguments: parseParameters(parameters)}, err
	case "S":
		return &pgproto3.Sync{}, nil
	case "H":
		return &pgproto3.Flush{}, nil
	case "d":
		return &pgproto3.CopyData{Data: []byte(unescape(rest))}, nil
	case "c":
		return &pgproto3.CopyDone{}, nil
	case "f":
		return &pgproto3.CopyFail{Message: rest}, nil
	}
	return nil, fmt.Errorf("no message type %q", kind)
}

func dash(name string) string {
	if name == "-" {
		return ""
	}
	return name
}

func parseOIDs(list string) ([]uint32, error) {
	if list == "-" {
		return nil, nil
	}
	var oids []uint32
	for _, field := range strings.Split(list, ",") {
		oid, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return nil, err
		}
		oids = append(oids, uint32(oid))
	}
	return oids, nil
}

func parseParameters(list string) [][]byte {
	if list == "-" {
		return nil
	}
	var parameters [][]byte
	for _, field := range strings.Split(list, "|") {
		if field == null {
			parameters = append(parameters, nil)
		} else {
			parameters = append(parameters, []byte(unescape(field)))
		}
	}
	return parameters
}
