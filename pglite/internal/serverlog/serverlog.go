// Package serverlog passes messages of a server on to a slog.Logger.
package serverlog

import (
	"context"
	"log/slog"
	"strings"

	"github.com/calfdb/calf/runtime"
)

// Level returns what level a message has by its severity.
func Level(m runtime.LogMessage) slog.Level {
	switch {
	case strings.HasPrefix(m.Severity, "DEBUG"):
		return slog.LevelDebug
	case m.Severity == "WARNING":
		return slog.LevelWarn
	case m.Severity == "ERROR", m.Severity == "FATAL", m.Severity == "PANIC":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// Write passes a message of a server on to a logger.
func Write(logger *slog.Logger, level slog.Level, m runtime.LogMessage) {
	if !logger.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{slog.Int("pid", m.PID), slog.String("severity", m.Severity)}
	for _, a := range []struct{ key, value string }{
		{"sqlstate", m.SQLState}, {"detail", m.Detail}, {"hint", m.Hint},
		{"context", m.Context}, {"statement", m.Statement},
	} {
		if a.value != "" && a.value != "00000" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	logger.LogAttrs(context.Background(), level, m.Text, attrs...)
}
