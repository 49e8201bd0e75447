package runtime

import (
	"errors"
	"fmt"
	"strings"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
)

// A legacySession is one run of an earlier PostgreSQL, for one client.
type legacySession struct {
	engine *legacyEngine
	client *legacyClient
	p      *process
	sched  *scheduler
	stop   func() bool
}

// boot starts PostgreSQL, and recovers the data directory if need be.
func (s *legacySession) boot(database string) error {
	g := s.p.guest
	for _, f := range []string{"__wasm_apply_data_relocs", "__wasm_call_ctors"} {
		if _, err := g.Call(f); err != nil {
			return err
		}
	}
	g.Store32(g.Address(link.StackBase), g.StackPointer())
	err := s.engine.start(g, s.engine.arguments(database))
	if status, exited := emscripten.ExitStatus(err); exited {
		return fmt.Errorf("it exited with status %d", status)
	}
	return err
}

// close releases what the session had. PostgreSQL does not run any more.
func (s *legacySession) close() {
	s.stop()
	s.sched.release(s.p)
	s.sched.close()
	s.p.close()
	s.p.guest.FS.Close()
}

// errSessionOver says that the session has ended by itself.
var errSessionOver = errors.New("the session is over")

// step has PostgreSQL take one message.
func (s *legacySession) step() error {
	err := s.engine.step(s.p.guest)
	if _, exited := emscripten.ExitStatus(err); exited {
		return errSessionOver
	}
	return err
}

// serve runs the session from the answer to the startup packet on.
func (s *legacySession) serve(params map[string]string) error {
	err := s.welcome(params)
	if err == nil {
		err = s.converse()
	}
	if err == nil {
		err = s.engine.shutdown(s.p.guest)
		if _, exited := emscripten.ExitStatus(err); exited {
			err = nil
		}
	}
	if errors.Is(err, errSessionOver) { // with a FATAL that the client has been sent
		err = nil
	}
	return err
}

// reported are the parameters whose values a client is told at the start.
var reported = []string{
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby",
	"integer_datetimes", "IntervalStyle", "is_superuser", "server_encoding", "server_version",
	"standard_conforming_strings", "TimeZone",
}

// welcome applies the settings of the startup packet and tells the client that
// it is connected. The old programs know nothing of a startup packet.
func (s *legacySession) welcome(params map[string]string) error {
	settings, err := startupSettings(params)
	if err != nil {
		s.client.fatal("08P01", err.Error())
		return errSessionOver
	}
	// PGlite set the encoding of the client; PostgreSQL takes that of the database.
	queries := []string{"SELECT set_config('client_encoding', current_setting('server_encoding'), false)"}
	for _, set := range settings {
		queries = append(queries, fmt.Sprintf("SELECT set_config(%s, %s, false)", quoteLiteral(set[0]), quoteLiteral(set[1])))
	}
	for _, sql := range queries {
		if _, err := s.query(sql); err != nil {
			return err
		}
	}
	rows, err := s.query("SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN (" + quoteLiterals(reported) + ") ORDER BY name")
	if err != nil {
		return err
	}
	s.client.message('R', []byte{0, 0, 0, 0}) // AuthenticationOk
	for _, row := range rows {
		s.client.message('S', []byte(row[0]+"\x00"+row[1]+"\x00"))
	}
	s.client.message('K', []byte{0, 0, 0, postmasterPID, 0, 0, 0, 0})
	s.client.ready()
	return nil
}

// query runs a query of our own. An error of the query is sent to the client,
// as fatal, and ends the session.
func (s *legacySession) query(sql string) ([][]string, error) {
	s.client.take('Q', []byte(sql+"\x00"))
	s.client.capture = &legacyAnswer{}
	err := s.step()
	answer := s.client.capture
	s.client.capture = nil
	if err != nil {
		return nil, err
	}
	if answer.failed != nil {
		s.client.message('E', answer.failed)
		return nil, errSessionOver
	}
	return answer.rows, nil
}

// converse takes the client's messages, one after the other, until it ends the
// session.
//
// The old programs answer each message as if it came alone, with ReadyForQuery,
// and lose track of what to skip after an error. So it is done here what
// PostgresMain does: a ReadyForQuery ends the answer to a simple query, to a
// function call and to Sync, and after an error in the extended protocol
// everything up to the next Sync is skipped.
func (s *legacySession) converse() error {
	skip := false
	for {
		kind, body, err := s.client.read()
		if err != nil {
			return nil // gone
		}
		extended := strings.IndexByte("PBDECH", kind) >= 0
		switch {
		case kind == 'X':
			return nil
		case kind == 'd', kind == 'c', kind == 'f':
			continue // of a COPY that failed
		case skip && kind != 'S':
			continue
		case !extended && strings.IndexByte("QFS", kind) < 0:
			s.client.fatal("08P01", fmt.Sprintf("invalid frontend message type %d", kind))
			return nil
		}
		s.client.take(kind, body)
		s.client.failed = false
		if err := s.step(); err != nil {
			return err
		}
		s.client.drop()
		if extended {
			skip = s.client.failed
			continue
		}
		skip = false
		s.client.ready()
	}
}

// startupSettings returns the settings of a startup packet, in order: those
// of the parameter options, and the others.
func startupSettings(params map[string]string) ([][2]string, error) {
	var list [][2]string
	words := strings.Fields(params["options"])
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "-c" && i+1 < len(words) {
			i++
			word = "--" + words[i]
		} else if rest, ok := strings.CutPrefix(word, "-c"); ok {
			word = "--" + rest
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		if !ok || !strings.HasPrefix(word, "--") {
			return nil, fmt.Errorf("invalid command-line argument for server process: %s", words[i])
		}
		list = append(list, [2]string{strings.ReplaceAll(name, "-", "_"), value})
	}
	for name, value := range params {
		switch name {
		case "user", "database", "options", "replication":
			continue
		}
		if !strings.HasPrefix(name, "_pq_.") {
			list = append(list, [2]string{name, value})
		}
	}
	return list, nil
}

// quoteLiteral quotes a string as SQL that means the same whatever
// standard_conforming_strings says.
func quoteLiteral(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

func quoteLiterals(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quoteLiteral(s)
	}
	return strings.Join(quoted, ", ")
}
