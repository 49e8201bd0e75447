package runtime

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A LogMessage is one message of the server log.
type LogMessage struct {
	// PID is the process that wrote it; 0 if that is not known.
	PID int
	// SQLState is the message's code, such as 00000 or 42P01.
	SQLState string
	// Severity is PostgreSQL's: DEBUG1 to DEBUG5, LOG, INFO, NOTICE, WARNING,
	// ERROR, FATAL or PANIC. It is empty for output that is no message.
	Severity string
	// Text is the message itself.
	Text string
	// Detail, Hint, Context and Statement are the parts that it may have.
	Detail, Hint, Context, Statement string
}

// logLinePrefix is log_line_prefix: process ID and SQLSTATE.
const logLinePrefix = "%p %e "

var logLine = regexp.MustCompile(`^(\d+) ([0-9A-Z]{5}) ([A-Z0-9]+):  (.*)$`)

// A serverLog takes what the processes write to standard error, passes it on
// as messages and remembers the last lines.
type serverLog struct {
	mu   sync.Mutex
	emit func(LogMessage)
	tail []string

	partial string // of the last line
}

func newServerLog(emit func(LogMessage)) *serverLog { return &serverLog{emit: emit} }

// tailLines is how many lines of the log are remembered.
const tailLines = 50

// Write takes output of a process. PostgreSQL writes each message at once;
// other programs may write piece by piece, which is put together to lines.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.partial + string(p)
	end := strings.LastIndexByte(text, '\n') + 1
	l.partial = text[end:]
	if end == 0 {
		return len(p), nil
	}
	lines := strings.Split(text[:end-1], "\n")
	l.tail = append(l.tail, lines...)
	if n := len(l.tail) - tailLines; n > 0 {
		l.tail = append(l.tail[:0], l.tail[n:]...)
	}
	if l.emit != nil {
		l.emit(parseLog(lines))
	}
	return len(p), nil
}

// parseLog reads a message of several lines: each part begins with the prefix
// and its name, and goes on in lines that begin with a tab.
func parseLog(lines []string) LogMessage {
	var m LogMessage
	part := &m.Text
	for _, line := range lines {
		f := logLine.FindStringSubmatch(line)
		if f == nil {
			if *part != "" {
				*part += "\n"
			}
			*part += strings.TrimPrefix(line, "\t")
			continue
		}
		switch f[3] {
		case "DETAIL":
			part = &m.Detail
		case "HINT":
			part = &m.Hint
		case "CONTEXT":
			part = &m.Context
		case "STATEMENT", "QUERY":
			part = &m.Statement
		default:
			m.PID, _ = strconv.Atoi(f[1])
			m.SQLState, m.Severity = f[2], f[3]
			part = &m.Text
		}
		*part = f[4]
	}
	return m
}

// failure explains err with the last message of the log that says why a
// program gave up, or with the last lines.
func (l *serverLog) failure(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.tail) - 1; i >= 0; i-- {
		for _, severity := range []string{"FATAL:  ", "PANIC:  ", "initdb: error: "} {
			if _, msg, ok := strings.Cut(l.tail[i], severity); ok {
				all := append([]string{msg}, parts(l.tail[i+1:])...)
				return errors.New(strings.Join(append(all, l.mistake(i)...), "; "))
			}
		}
	}
	if err == nil {
		err = errors.New("a process failed")
	}
	if len(l.tail) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(l.tail[max(0, len(l.tail)-3):], "; "))
}

// mistake returns what is wrong in the file of which line i of the log says
// that it has mistakes: that was said before.
func (l *serverLog) mistake(i int) []string {
	if !strings.HasSuffix(l.tail[i], "contains errors") && !strings.Contains(l.tail[i], "FATAL:  could not load /") {
		return nil
	}
	for i--; i >= 0; i-- {
		if f := logLine.FindStringSubmatch(l.tail[i]); f != nil && f[3] == "LOG" {
			return append([]string{f[4]}, parts(l.tail[i+1:])...)
		}
	}
	return nil
}

// fatal returns the SQLSTATE and the text of the last message that ended a
// session, or "".
func (l *serverLog) fatal() (code, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.tail) - 1; i >= 0; i-- {
		if f := logLine.FindStringSubmatch(l.tail[i]); f != nil && (f[3] == "FATAL" || f[3] == "PANIC") {
			return f[2], f[4]
		}
	}
	return "", ""
}

// parts returns the detail and the hint that follow a message.
func parts(lines []string) []string {
	var list []string
	for _, line := range lines {
		f := logLine.FindStringSubmatch(line)
		if f == nil || f[3] != "DETAIL" && f[3] != "HINT" {
			break
		}
		list = append(list, f[4])
	}
	return list
}

// forget forgets the last lines: what comes is another program's.
func (l *serverLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = nil
}

// lines returns the last lines of the log.
func (l *serverLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tail)
}
