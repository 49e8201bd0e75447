package codecache

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"go.uber.org/goleak"
)

// childEnv names the variable that makes this program a child, which compiles
// with the cache in the folder that it names. childDo says what it does:
// "compile" prints what it logs and ends, "hang" compiles for ever.
const (
	childEnv = "CALF_TEST_CODECACHE"
	childDo  = "CALF_TEST_CODECACHE_DO"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := child(dir, os.Getenv(childDo)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func child(dir, do string) error {
	log := &logger{}
	log.hook = func(text string) {
		fmt.Println(text)
		if do == "hang" && strings.HasPrefix(text, "compiling") {
			select {}
		}
	}
	_, err := newUser(dir, log).compile(context.Background(), program(2000, 1))
	return err
}

// program returns a module with some functions, the first of which, run,
// returns a number.
func program(functions int, number byte) []byte {
	section := func(id byte, content []byte) []byte {
		return append(binary.AppendUvarint([]byte{id}, uint64(len(content))), content...)
	}
	var declared, code []byte
	for i := range functions {
		declared = append(declared, 0)
		body := []byte{0, 0x41, number, 0x0b} // i32.const
		if i > 0 {
			body = []byte{0, 0x41, byte(i % 64), 0x10, byte(0), 0x6a, 0x0b} // i32.const, call 0, i32.add
		}
		code = append(append(code, byte(len(body))), body...)
	}
	count := binary.AppendUvarint(nil, uint64(functions))
	return bytes.Join([][]byte{
		[]byte("\x00asm\x01\x00\x00\x00"),
		section(1, []byte("\x01\x60\x00\x01\x7f")), // () -> i32
		section(3, append(count, declared...)),
		section(7, []byte("\x01\x03run\x00\x00")),
		section(10, append(count, code...)),
	}, nil)
}

// A logger remembers what it is told.
type logger struct {
	slog.Handler
	hook func(string)

	mu   sync.Mutex
	said []string
}

func (l *logger) Enabled(context.Context, slog.Level) bool { return true }
func (l *logger) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *logger) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	l.mu.Lock()
	l.said = append(l.said, text)
	l.mu.Unlock()
	if l.hook != nil {
		l.hook(text)
	}
	return nil
}

// count is how many messages begin with a text.
func (l *logger) count(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.said {
		if strings.HasPrefix(s, text) {
			n++
		}
	}
	return n
}

// A user is a runtime with a cache.
type user struct {
	cache *Cache
	rt    wazero.Runtime
	log   *logger
}

func newUser(dir string, log *logger) *user {
	c := Open(dir, slog.New(log))
	return &user{c, wazero.NewRuntimeWithConfig(context.Background(), c.Config(wazero.NewRuntimeConfigCompiler())), log}
}

func (u *user) compile(ctx context.Context, wasm []byte) (uint64, error) {
	cm, err := u.cache.Compile(ctx, u.rt, "test", wasm)
	if err != nil {
		return 0, err
	}
	inst, err := u.rt.InstantiateModule(ctx, cm, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return 0, err
	}
	res, err := inst.ExportedFunction("run").Call(ctx)
	if err != nil {
		return 0, err
	}
	return res[0], nil
}

// use compiles a module as another process would.
func use(t *testing.T, dir string, wasm []byte, number int) *logger {
	t.Helper()
	u := newUser(dir, &logger{})
	n, err := u.compile(t.Context(), wasm)
	require.NoError(t, err)
	require.EqualValues(t, number, n)
	require.NoError(t, u.rt.Close(t.Context()))
	require.NoError(t, u.cache.Close())
	if u.cache != nil {
		require.NoDirExists(t, u.cache.work)
	}
	return u.log
}

// needCompiler skips where wazero compiles for no processor of this kind.
func needCompiler(t *testing.T) {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("wazero has no compiler for " + runtime.GOARCH)
	}
}

// entries returns the files in a cache with machine code.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, folderName(), "*.*.*"))
	require.NoError(t, err)
	return list
}
