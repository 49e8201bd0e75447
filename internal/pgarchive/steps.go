package pgarchive

import (
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/internal/sqlscript"
)

// A Step is something to be done to restore an archive: to run a script, or to
// send the data of a COPY.
type Step struct {
	// Entry is what the step is for; nil is the session.
	Entry *Entry
	// SQL is a script: statements, and \connect. It is empty if Data is not nil.
	SQL string
	// Data is the data for the statement Copy, or if that is empty, a script. It
	// must be read before the next step is asked for; what is not is skipped.
	Copy string
	Data io.Reader
}

// Next returns the next step, or io.EOF after the last one.
func (a *Archive) Next() (*Step, error) {
	if !a.started {
		a.started = true
		a.script(nil, a.settings())
	}
	for len(a.queue) == 0 {
		if a.at == len(a.Entries) {
			a.at = 0
			if a.pass++; a.pass >= passes {
				return nil, io.EOF
			}
			continue
		}
		e := a.Entries[a.at]
		a.at++
		if e.pass() == a.pass && a.wanted(e) {
			a.restore(e)
		}
	}
	s := a.queue[0]
	a.queue = a.queue[1:]
	if data, ok := s.Data.(opener); ok {
		if err := data.open(); err != nil {
			return nil, fmt.Errorf("reading the archive: %s: %w", s.Entry.Name(), err)
		}
	}
	return s, nil
}

// An opener is data that has to be found in the archive when its turn comes.
type opener interface{ open() error }

func (a *Archive) script(e *Entry, sql string) {
	if sql != "" {
		a.queue = append(a.queue, &Step{Entry: e, SQL: sql})
	}
}

// settings are the parameters with which everything is restored.
func (a *Archive) settings() string {
	var b strings.Builder
	b.WriteString("SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\n" +
		"SET transaction_timeout = 0;\n")
	b.WriteString(a.encoding)
	if a.escapes() {
		b.WriteString("SET standard_conforming_strings = off;\n")
	} else {
		b.WriteString("SET standard_conforming_strings = on;\n")
	}
	b.WriteString(a.searchPath)
	b.WriteString("SET check_function_bodies = false;\nSET xmloption = content;\nSET client_min_messages = warning;\n")
	if a.escapes() {
		b.WriteString("SET escape_string_warning = off;\n")
	}
	b.WriteString("SET row_security = off;\n")
	return b.String()
}

// escapes reports whether strings in the archive have backslash escapes.
func (a *Archive) escapes() bool { return !strings.Contains(a.strings, "'on'") }

// restore queues the steps of an entry (restore_toc_entry).
func (a *Archive) restore(e *Entry) {
	loadsViaRoot := strings.HasPrefix(e.defn, "-- load via partition root ")
	if !e.hasData || e.defn != "" && !loadsViaRoot {
		a.define(e)
	}
	if e.Desc == "DATABASE" || e.Desc == "DATABASE PROPERTIES" {
		a.script(e, sqlscript.Connect(e.Tag)+a.settings())
		a.schema, a.space, a.am = "", nil, ""
	}
	switch {
	case !e.hasData:
	case e.Desc == "BLOBS":
		a.selectSchema(e, "pg_catalog")
		a.queue = append(a.queue, &Step{Entry: e, Data: &blobScript{archive: a, entry: e}})
	default:
		a.selectSchema(e, e.Schema)
		a.queue = append(a.queue, &Step{Entry: e, Copy: e.copy, Data: &tableData{archive: a, entry: e}})
	}
}

// define queues what makes the object of an entry (_printTocEntry).
func (a *Archive) define(e *Entry) {
	a.selectSchema(e, e.Schema)
	if e.tablespace != nil && (a.space == nil || *a.space != *e.tablespace) {
		a.space = e.tablespace
		name := "''"
		if *a.space != "" {
			name = quote(*a.space)
		}
		a.script(e, "SET default_tablespace = "+name+";\n")
	}
	if e.tableAM != "" && e.relkind != relkindPartitioned && a.am != e.tableAM {
		a.am = e.tableAM
		a.script(e, "SET default_table_access_method = "+quote(a.am)+";\n")
	}
	switch {
	case e.Desc == "BLOB METADATA":
		a.script(e, perBlob(e, "SELECT pg_catalog.lo_create('", "');\n"))
	case e.Desc == "ACL" && strings.HasPrefix(e.Tag, "LARGE OBJECTS"):
		a.script(e, a.blobPrivileges(e))
	case e.defn != "":
		a.script(e, e.defn+"\n")
	}
	if e.Owner != "" && e.drop != "" {
		a.script(e, e.alterOwner())
	}
	if e.tableAM != "" && e.relkind == relkindPartitioned {
		a.script(e, fmt.Sprintf("ALTER TABLE %s SET ACCESS METHOD %s;\n", qualified(e.Schema, e.Tag), quote(e.tableAM)))
	}
}

// relkindPartitioned is the relkind of a partitioned table (pg_class.h).
const relkindPartitioned = 'p'

// selectSchema makes a schema the current one, in archives that rely on it.
func (a *Archive) selectSchema(e *Entry, schema string) {
	if a.searchPath != "" || schema == "" || schema == a.schema {
		return
	}
	a.schema = schema
	path := quote(schema)
	if schema != "pg_catalog" {
		path += ", pg_catalog"
	}
	a.script(e, "SET search_path = "+path+";\n")
}
