package pgarchive

import "strings"

// GivenTo returns the role that the object of an entry is given to, or "".
func (a *Archive) GivenTo(e *Entry) string {
	if !a.wanted(e) || e.drop == "" || e.Owner == "" || e.alterOwner() == "" {
		return ""
	}
	return e.Owner
}

// alterOwner returns the statement that gives the object of an entry to its
// owner, or "" if such an object has none of its own (_getObjectDescription).
func (e *Entry) alterOwner() string {
	object := ""
	switch e.Desc {
	case "COLLATION", "CONVERSION", "DOMAIN", "FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE", "STATISTICS", "TABLE",
		"TEXT SEARCH DICTIONARY", "TEXT SEARCH CONFIGURATION", "TYPE", "VIEW",
		"DATABASE", "PROCEDURAL LANGUAGE", "SCHEMA", "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "SERVER", "PUBLICATION", "SUBSCRIPTION":
		object = e.Desc + " " + qualified(e.Schema, e.Tag)
	case "BLOB":
		object = "LARGE OBJECT " + e.Tag
	case "AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE":
		// Their names have arguments, as in the statement that drops them.
		object = strings.TrimRight(strings.TrimPrefix(e.drop, "DROP "), "\n;")
	case "BLOB METADATA":
		return perBlob(e, "ALTER LARGE OBJECT ", " OWNER TO "+quote(e.Owner)+";\n")
	default:
		return ""
	}
	return "ALTER " + object + " OWNER TO " + quote(e.Owner) + ";\n"
}

// quote quotes a name. It always does: which words are reserved differs from
// server to server.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func qualified(schema, name string) string {
	if schema == "" {
		return quote(name)
	}
	return quote(schema) + "." + quote(name)
}
