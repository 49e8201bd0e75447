package manager

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
)

// A Table describes a table. As JSON it has the names that Supabase's
// postgres-meta gives to these things, and database.build knows.
type Table struct {
	ID      uint32 `json:"id"` // the OID
	Schema  string `json:"schema"`
	Name    string `json:"name"`
	Comment string `json:"comment,omitempty"`
	// RLSEnabled and RLSForced tell whether row-level security counts, and for
	// the owner, too.
	RLSEnabled bool `json:"rls_enabled"`
	RLSForced  bool `json:"rls_forced"`
	// ReplicaIdentity is DEFAULT, INDEX, FULL or NOTHING.
	ReplicaIdentity string `json:"replica_identity"`
	// Bytes is the size with indexes, partitions' own sizes not included, and
	// Size the same for people.
	Bytes int64  `json:"bytes"`
	Size  string `json:"size"`
	// LiveRows and DeadRows are estimates of the statistics.
	LiveRows int64 `json:"live_rows_estimate"`
	DeadRows int64 `json:"dead_rows_estimate"`

	Columns []TableColumn `json:"columns"`
	// PrimaryKey is the names of its columns, in order.
	PrimaryKey []string `json:"primary_key"`
	// Relationships are the foreign keys of this table, and those to it.
	Relationships []Relationship `json:"relationships"`
	Indexes       []TableIndex   `json:"indexes"`
}

// A TableColumn is a column of a table.
type TableColumn struct {
	Position int    `json:"ordinal_position"`
	Name     string `json:"name"`
	// Type is as in CREATE TABLE, such as vector(384), and Format the name in
	// pg_type, such as int4.
	Type   string `json:"data_type"`
	Format string `json:"format"`
	// Default is the expression; "" if there is none.
	Default  string `json:"default_value,omitempty"`
	Nullable bool   `json:"is_nullable"`
	// Identity is ALWAYS, BY DEFAULT or "", and Generated tells that it is computed.
	Identity  string `json:"identity_generation,omitempty"`
	Generated bool   `json:"is_generated"`
	// Unique tells that a constraint or index on this column alone says so.
	Unique bool `json:"is_unique"`
	// Enums are the values of an enum, and Check is the constraint on this column
	// alone.
	Enums   []string `json:"enums,omitempty"`
	Check   string   `json:"check,omitempty"`
	Comment string   `json:"comment,omitempty"`
}

// A Relationship is a foreign key. Its columns are in the order of the key's.
type Relationship struct {
	Name          string   `json:"constraint_name"`
	SourceSchema  string   `json:"source_schema"`
	SourceTable   string   `json:"source_table_name"`
	SourceColumns []string `json:"source_columns"`
	TargetSchema  string   `json:"target_table_schema"`
	TargetTable   string   `json:"target_table_name"`
	TargetColumns []string `json:"target_columns"`
}

// A TableIndex is an index.
type TableIndex struct {
	Name string `json:"name"`
	// Definition is the CREATE INDEX statement.
	Definition string `json:"definition"`
	Bytes      int64  `json:"bytes"`
}

//go:embed tables.sql
var tablesSQL string

// Tables describes the tables, also partitioned ones, of some schemas, in the
// order of their names: without any, of public and meta, as database.build shows
// them. Schemas that do not exist have none.
func (h *Handle) Tables(ctx context.Context, schemas ...string) (_ []Table, err error) {
	defer func() { err = wrap(err, "describing tables of database", h.ID()) }()
	if len(schemas) == 0 {
		schemas = []string{"public", "meta"}
	}
	var text string
	if err := h.QueryRow(ctx, tablesSQL, schemas).Scan(&text); err != nil {
		return nil, err
	}
	list := []Table{}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the description: %w", err)
	}
	return list, nil
}
