package dump

import (
	"errors"
	"regexp"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// neutralSettings are parameters that dumps set and that some servers do not
// know: they came later, or went. With the value here they may be left out.
var neutralSettings = map[string]string{
	"default_with_oids":                   "false", // until 11
	"default_table_access_method":         "heap",  // since 12
	"idle_in_transaction_session_timeout": "0",     // since 9.6
	"lock_timeout":                        "0",     // since 9.3
	"row_security":                        "off",   // since 9.5
	"transaction_timeout":                 "0",     // since 17
}

// unknownSettings selects those that the server does not have.
var unknownSettings = func() string {
	var names []string
	for name := range neutralSettings {
		names = append(names, "('"+name+"')")
	}
	return "SELECT name FROM (VALUES " + strings.Join(names, ", ") + ") v (name)" +
		" WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_settings s WHERE s.name = v.name)"
}()

var (
	setStatement     = regexp.MustCompile(`(?is)^SET\s+(?:SESSION\s+)?(\w+)\s*(?:=|\sTO\s)\s*(.*?)\s*;?\s*$`)
	sessionStatement = regexp.MustCompile(`(?is)^(?:RE)?SET\s+SESSION\s+AUTHORIZATION\b`)
	grantStatement   = regexp.MustCompile(`(?is)^(?:(?:GRANT|REVOKE)\s.*\sON|ALTER\s+DEFAULT\s+PRIVILEGES)\s`)
	createRole       = regexp.MustCompile(`(?is)^CREATE\s+(?:ROLE|USER)\s+` + sqltext.Identifier + `\s*;?\s*$`)
	alterRole        = regexp.MustCompile(`(?is)^ALTER\s+(?:ROLE|USER)\s+` + sqltext.Identifier + `\s+WITH\s`)
	createPublic     = regexp.MustCompile(`(?is)^CREATE\s+SCHEMA\s+public\s*;?\s*$`)
	createExtension  = regexp.MustCompile(`(?is)^CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?` + sqltext.Identifier)
	transactionEnds  = regexp.MustCompile(`(?is)^(?:ROLLBACK|ABORT|PREPARE\s+TRANSACTION|COMMIT\s+PREPARED)\b`)
	rollbackTo       = regexp.MustCompile(`(?is)^ROLLBACK\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b`)
)

// adjust changes a statement of a dump to what it means here, and reports
// whether it is to be run at all.
func (rs *restorer) adjust(sql *string) (do bool, err error) {
	word, _, _ := strings.Cut((*sql)[:min(len(*sql), 16)], " ")
	switch strings.ToUpper(strings.TrimRight(word, ";\n\t\r")) {
	case "SET", "RESET":
		return rs.adjustSet(sql)
	case "ALTER":
		if rs.cfg.NoOwner && sqltext.OwnerStatement.MatchString(*sql) {
			return false, nil
		}
		return !(rs.cfg.NoPrivileges && grantStatement.MatchString(*sql)), nil
	case "GRANT", "REVOKE":
		return !(rs.cfg.NoPrivileges && grantStatement.MatchString(*sql)), nil
	case "CREATE":
		return rs.adjustCreate(*sql)
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE":
		if !rs.cfg.SingleTransaction {
			return true, nil
		}
		switch {
		case rollbackTo.MatchString(*sql):
			return true, nil
		case transactionEnds.MatchString(*sql):
			return false, &fatalError{errors.New("it would end the single transaction")}
		}
		return isWord(*sql, "prepare"), nil // the others are part of the one transaction
	}
	return true, nil
}

func (rs *restorer) adjustSet(sql *string) (do bool, err error) {
	if sessionStatement.MatchString(*sql) {
		return !rs.cfg.NoOwner, nil
	}
	m := setStatement.FindStringSubmatch(*sql)
	if m == nil {
		return true, nil
	}
	name, value := strings.ToLower(m[1]), sqltext.Unquote(m[2])
	switch {
	case name == "client_encoding":
		return false, rs.setEncoding(value)
	case rs.unknown[name]:
		if value != neutralSettings[name] {
			rs.warn("left out: %s", head(*sql))
		}
		return false, nil
	case name == "default_tablespace" && value != "":
		spaces, err := rs.names("SELECT spcname FROM pg_catalog.pg_tablespace")
		if err == nil && !spaces[value] {
			rs.warn("there is no tablespace %s: the default one is used", value)
			*sql = "SET default_tablespace = ''"
		}
		return true, err
	}
	return true, nil
}

// adjustCreate leaves out what is there already in any cluster.
func (rs *restorer) adjustCreate(sql string) (do bool, err error) {
	if m := createRole.FindStringSubmatch(sql); m != nil {
		// pg_dumpall says this also of the role that made the cluster; what the
		// role can do follows in another statement.
		roles, err := rs.names("SELECT rolname FROM pg_catalog.pg_roles")
		if err != nil || !roles[sqltext.Unquote(m[1])] {
			return true, err
		}
		rs.warn("role %s exists", sqltext.Unquote(m[1]))
		return false, nil
	}
	if createPublic.MatchString(sql) {
		schemas, err := rs.names("SELECT nspname FROM pg_catalog.pg_namespace")
		return !schemas["public"], err
	}
	return true, nil
}

// setEncoding takes the encoding of what follows in the dump.
func (rs *restorer) setEncoding(name string) error {
	rs.decode = nil
	if rs.conn.ParameterStatus("server_encoding") == "UTF8" {
		rs.decode = decoderOf(name)
	}
	if rs.decode != nil {
		name = "UTF8"
	}
	return rs.exec("SET client_encoding = " + sqltext.Literal(name))
}

// isWord reports whether a statement begins with a word, which is in lower case.
func isWord(sql, word string) bool {
	return len(sql) >= len(word) && strings.EqualFold(sql[:len(word)], word) &&
		(len(sql) == len(word) || strings.ContainsAny(sql[len(word):len(word)+1], " \t\r\n;"))
}
