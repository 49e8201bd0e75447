package runtime

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// logLinePrefix is log_line_prefix: process ID and SQLSTATE.
const logLinePrefix = "%p %e "

// A serverLog passes on what the server logs and remembers the last lines.
type serverLog struct {
	mu   sync.Mutex
	out  io.Writer
	tail []string
}

func newServerLog(out io.Writer) *serverLog { return &serverLog{out: out} }

// tailLines is how many lines of the log are remembered.
const tailLines = 50

// Write takes a message.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, strings.Split(strings.TrimRight(string(p), "\n"), "\n")...)
	if n := len(l.tail) - tailLines; n > 0 {
		l.tail = append(l.tail[:0], l.tail[n:]...)
	}
	if l.out != nil {
		return l.out.Write(p)
	}
	return len(p), nil
}

// failure explains err with the last FATAL or PANIC message of the log.
func (l *serverLog) failure(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.tail) - 1; i >= 0; i-- {
		if _, msg, ok := strings.Cut(l.tail[i], "FATAL:  "); ok {
			return errors.New(msg)
		}
		if _, msg, ok := strings.Cut(l.tail[i], "PANIC:  "); ok {
			return errors.New(msg)
		}
	}
	if err == nil {
		err = errors.New("a process failed")
	}
	return fmt.Errorf("%w; the log ends with %q", err, l.tail)
}
