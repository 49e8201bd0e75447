package contents

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Setting is a parameter that a role, a database, or a role in a database
// has.
type Setting struct{ Database, Role, Name, Value string }

// A FileSetting is a parameter in one of the configuration files.
type FileSetting struct{ Name, Value string }

func (c *Cluster) readSettings(ctx context.Context, conn *pgx.Conn) (err error) {
	c.Settings, err = rows[Setting](ctx, conn, `SELECT coalesce(datname::text, '') AS database, coalesce(rolname::text, '') AS role,
			pg_catalog.split_part(config, '=', 1) AS name, pg_catalog.substr(config, pg_catalog.strpos(config, '=') + 1) AS value
		FROM pg_catalog.pg_db_role_setting LEFT JOIN pg_catalog.pg_database d ON d.oid = setdatabase
			LEFT JOIN pg_catalog.pg_authid r ON r.oid = setrole, pg_catalog.unnest(setconfig) WITH ORDINALITY u (config, at)
		WHERE (setdatabase = 0 OR datname IS NOT NULL) AND (setrole = 0 OR rolname IS NOT NULL) AND datname IS DISTINCT FROM 'template0'
		ORDER BY 1, 2, at`)
	if err != nil {
		return err
	}
	// The last one of a name counts. One that cannot be applied, counts if that
	// is because the command line says something else.
	c.Files, err = rows[FileSetting](ctx, conn, `SELECT DISTINCT ON (pg_catalog.lower(name)) pg_catalog.lower(name) AS name, setting AS value
		FROM pg_catalog.pg_file_settings WHERE name IS NOT NULL AND setting IS NOT NULL ORDER BY pg_catalog.lower(name), seqno DESC`)
	c.Files = slices.DeleteFunc(c.Files, func(s FileSetting) bool { return isInitial(s) })
	return err
}

// initialSettings are what the initdb of PGlite 0.2, 0.3 and 0.4 writes to
// postgresql.conf, by version. The numbers of the first two suit a server that
// has one session, and are not kept.
var initialSettings = map[string][]string{
	"max_connections":            {"10", "25", "100"},
	"shared_buffers":             {"400kB", "128MB"},
	"dynamic_shared_memory_type": {"posix"},
	"max_wal_size":               {"64MB", "1GB"},
	"min_wal_size":               {"5MB", "80MB"},
	"log_file_mode":              {"0640"},
	"log_timezone":               {"GMT", "UTC", "Etc/GMT0"},
	"timezone":                   {"GMT", "UTC", "Etc/GMT0"},
	"datestyle":                  {"iso, mdy"},
	"lc_messages":                {"C", ""},
	"lc_monetary":                {"C"},
	"lc_numeric":                 {"C"},
	"lc_time":                    {"C"},
	"default_text_search_config": {"pg_catalog.english"},
}

// isInitial reports whether nobody chose a setting.
func isInitial(s FileSetting) bool { return slices.Contains(initialSettings[s.Name], s.Value) }

// ownSettings are parameters that say where a cluster is, or how its host runs
// it.
var ownSettings = []string{
	"data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "listen_addresses", "port",
	"unix_socket_directories", "dynamic_shared_memory_type", "logging_collector", "log_line_prefix",
}

// ApplyFileSettings writes what the old configuration files said to
// postgresql.auto.conf. It returns what was set, and what there is no such
// setting for, or no such value.
func (c *Cluster) ApplyFileSettings(ctx context.Context, conn *pgx.Conn) (done, notes []string, err error) {
	for _, s := range c.Files {
		if slices.Contains(ownSettings, s.Name) {
			notes = append(notes, fmt.Sprintf("the setting %s = %s is not kept", s.Name, s.Value))
			continue
		}
		_, err := conn.Exec(ctx, "ALTER SYSTEM SET "+settingName(s.Name)+" = "+settingValue(s.Name, s.Value))
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if err != nil {
			notes = append(notes, fmt.Sprintf("the setting %s = %s is not kept: %v", s.Name, s.Value, err))
			continue
		}
		done = append(done, s.Name+" = "+s.Value)
	}
	return done, notes, nil
}

// ApplySettings gives roles and databases their parameters. targets has the new
// names of databases. It returns what there is no such parameter for.
func (c *Cluster) ApplySettings(ctx context.Context, conn *pgx.Conn, targets map[string]string) (notes []string, err error) {
	for _, s := range c.Settings {
		if s.Database != "" && targets[s.Database] == "" {
			continue // of a database that was left behind
		}
		var sql string
		switch database := ident(targets[s.Database]); {
		case s.Role == "" && s.Database == "":
			continue // nobody's
		case s.Role == "":
			sql = "ALTER DATABASE " + database
		case s.Database == "":
			sql = "ALTER ROLE " + ident(s.Role)
		default:
			sql = "ALTER ROLE " + ident(s.Role) + " IN DATABASE " + database
		}
		sql += " SET " + settingName(s.Name) + " TO " + settingValue(s.Name, s.Value)
		if _, err := conn.Exec(ctx, sql); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			notes = append(notes, fmt.Sprintf("%s: %v", sql, err))
		}
	}
	return notes, nil
}

// settingName quotes a parameter's name, which may have two parts.
func settingName(name string) string { return ident(strings.Split(name, ".")...) }

// listSettings are parameters whose values are lists of names, quoted where need
// be (GUC_LIST_QUOTE).
var listSettings = []string{
	"local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces",
	"unix_socket_directories",
}

// settingValue writes a value as SQL.
func settingValue(name, value string) string {
	if !slices.Contains(listSettings, strings.ToLower(name)) {
		return literal(value)
	}
	var list []string
	for _, item := range splitNames(value, foldsCase(name)) {
		list = append(list, literal(item))
	}
	if len(list) == 0 {
		return "''"
	}
	return strings.Join(list, ", ")
}

// foldsCase reports whether the names in a list are SQL's, and not files'.
func foldsCase(name string) bool {
	return strings.EqualFold(name, "search_path") || strings.EqualFold(name, "temp_tablespaces")
}

// splitNames splits a list of names at commas, and unquotes them. Those without
// quotes are in lower case then, if fold says so.
func splitNames(s string, fold bool) []string {
	var list []string
	var item strings.Builder
	quoted, had := false, false
	add := func() {
		if text := item.String(); had || strings.TrimSpace(text) != "" {
			if !had {
				text = strings.TrimSpace(text)
				if fold {
					text = strings.ToLower(text)
				}
			}
			list = append(list, text)
		}
		item.Reset()
		had = false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			item.WriteByte('"')
			i++
		case c == '"':
			if !quoted {
				item.Reset()
				had = true
			}
			quoted = !quoted
		case c == ',' && !quoted:
			add()
		case had && !quoted: // blanks after the closing quote
		default:
			item.WriteByte(c)
		}
	}
	add()
	return list
}
