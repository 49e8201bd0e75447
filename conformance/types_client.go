package conformance

import (
	"math"
	"math/big"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

// execModes are the ways in which pgx sends a query.
var execModes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

// testClientTypes sends Go values with pgx and scans them back, in every mode that pgx has.
func testClientTypes(a *area) {
	for _, mode := range execModes {
		a.run(strings.ReplaceAll(mode.String(), " ", "_"), func(s *session) {
			// In two modes pgx does not ask the server for types, and can send only what Go's type tells enough of.
			asks := mode != pgx.QueryExecModeExec && mode != pgx.QueryExecModeSimpleProtocol
			for _, value := range clientValues {
				if value.asked && !asks {
					continue
				}
				s.Run(strings.ReplaceAll(value.typeName, " ", "_"), func(t *testing.T) {
					s.scansBack(t, mode, value)
				})
			}
		})
	}
	a.run("Composite", func(s *session) {
		s.exec(`CREATE TYPE pair AS (a int, b text); CREATE TYPE mood AS ENUM ('sad', 'ok')`)
		types, err := s.conn.LoadTypes(s.ctx, []string{"pair", "_pair", "mood", "_mood"})
		require.NoError(s, err)
		s.conn.TypeMap().RegisterTypes(types)
		type pair struct {
			A int32
			B *string
		}
		x := "x"
		want := []pair{{1, &x}, {2, nil}}
		var got []pair
		require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT $1::pair[]`, want).Scan(&got))
		require.Equal(s, want, got)
		var moods []string
		require.NoError(s, s.conn.QueryRow(s.ctx, `SELECT $1::mood[]`, []string{"ok", "sad"}).Scan(&moods))
		require.Equal(s, []string{"ok", "sad"}, moods)
	})
	a.run("Record", func(s *session) {
		rows, err := s.conn.Query(s.ctx, `SELECT row(1::int4, 'x'::text, NULL::bool, ARRAY[1,2]::int4[])`)
		require.NoError(s, err)
		values, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
		require.NoError(s, err)
		require.Equal(s, []any{[]any{int32(1), "x", nil, []any{int32(1), int32(2)}}}, values)
	})
	a.run("RowsToStructs", func(s *session) {
		type row struct {
			ID      int64
			Name    string
			Created time.Time
			Tags    []string
			Note    *string
		}
		s.exec(`CREATE TABLE t (id bigint, name text, created timestamptz, tags text[], note text);
			INSERT INTO t VALUES (1, 'a', '2024-01-01 00:00:00+00', '{x,y}', NULL), (2, 'b', '2024-01-02 00:00:00+00', '{}', 'n')`)
		rows, err := s.conn.Query(s.ctx, `SELECT * FROM t ORDER BY id`)
		require.NoError(s, err)
		got, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
		require.NoError(s, err)
		require.Len(s, got, 2)
		note := "n"
		require.True(s, got[0].Created.Equal(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)))
		got[0].Created, got[1].Created = time.Time{}, time.Time{}
		require.Equal(s, []row{
			{ID: 1, Name: "a", Tags: []string{"x", "y"}},
			{ID: 2, Name: "b", Tags: []string{}, Note: &note},
		}, got)
	})
}

// clientValue is a Go value and the type to send it as.
type clientValue struct {
	typeName string
	value    any
	asked    bool // pgx has to know the type to send the value
}

func (s *session) scansBack(t *testing.T, mode pgx.QueryExecMode, value clientValue) {
	target := reflect.New(reflect.TypeOf(value.value))
	err := s.conn.QueryRow(s.ctx, `SELECT $1::`+value.typeName, mode, value.value).Scan(target.Interface())
	require.NoError(t, err)
	got := target.Elem().Interface()
	switch want := value.value.(type) {
	case time.Time:
		require.True(t, want.Equal(got.(time.Time)), "want %s, got %s", want, got)
	case float64:
		require.Equal(t, math.Float64bits(want), math.Float64bits(got.(float64)))
	default:
		require.Equal(t, value.value, got)
	}
}

var clientValues = []clientValue{
	{"bool", true, false},
	{"int2", int16(math.MinInt16), false},
	{"int4", int32(math.MaxInt32), false},
	{"int8", int64(math.MinInt64), false},
	{"float4", float32(1.25), false},
	{"float8", math.SmallestNonzeroFloat64, false},
	{"float8", math.Inf(-1), false},
	{"numeric", pgtype.Numeric{Int: new(big.Int).Exp(big.NewInt(7), big.NewInt(99), nil), Exp: -20, Valid: true}, false},
	{"numeric", pgtype.Numeric{NaN: true, Valid: true}, false},
	{"numeric", pgtype.Numeric{InfinityModifier: pgtype.NegativeInfinity, Valid: true}, false},
	{"text", "Grüße, 世界 🐘", false},
	{"text", "", false},
	{"text", strings.Repeat("x", 100_000), false},
	{"bytea", []byte{0, 1, 2, 0xff, '\\', '\''}, false},
	{"date", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), false},
	{"timestamptz", time.Date(2024, 2, 29, 12, 34, 56, 789012000, time.UTC), false},
	{"timestamp", time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), false},
	{"timestamptz", pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}, false},
	{"time", pgtype.Time{Microseconds: 86399999999, Valid: true}, false},
	{"interval", pgtype.Interval{Months: -14, Days: 3, Microseconds: 14706789012, Valid: true}, false},
	{"uuid", [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, true},
	{"inet", netip.MustParsePrefix("2001:db8::1/64"), false},
	{"cidr", netip.MustParsePrefix("10.1.0.0/16"), false},
	{"macaddr", net.HardwareAddr{8, 0, 0x2b, 1, 2, 3}, true},
	{"jsonb", map[string]any{"a": []any{1.5, "x", nil, true}}, true},
	{"json", map[string]any{"nested": map[string]any{"k": "v"}}, true},
	{"int4[]", []int32{1, -2, 3}, false},
	{"text[]", []string{"a", "b,c", `d"e\`, "NULL", ""}, false},
	{"int8[]", pgtype.Array[int64]{Elements: []int64{1, 2, 3, 4}, Dims: []pgtype.ArrayDimension{{Length: 2, LowerBound: 1}, {Length: 2, LowerBound: 1}}, Valid: true}, false},
	{"text[]", []*string{nil, pointer("x")}, false},
	{"float8[]", []float64{0.1, 2}, false},
	{"int4range", pgtype.Range[int32]{Lower: 1, Upper: 9, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true}, true},
	{"int8range", pgtype.Range[int64]{LowerType: pgtype.Empty, UpperType: pgtype.Empty, Valid: true}, true},
	{"int4multirange", pgtype.Multirange[pgtype.Range[int32]]{
		{Lower: 1, Upper: 3, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true},
		{Lower: 5, Upper: 7, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true},
	}, true},
	{"point", pgtype.Point{P: pgtype.Vec2{X: 1.5, Y: -2}, Valid: true}, false},
	{"box", pgtype.Box{P: [2]pgtype.Vec2{{X: 3, Y: 4}, {X: 1, Y: 2}}, Valid: true}, false},
	{"circle", pgtype.Circle{P: pgtype.Vec2{X: 1, Y: 2}, R: 3, Valid: true}, false},
	{"path", pgtype.Path{P: []pgtype.Vec2{{X: 1, Y: 2}, {X: 3, Y: 4}}, Closed: true, Valid: true}, false},
	{"polygon", pgtype.Polygon{P: []pgtype.Vec2{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}}, Valid: true}, false},
	{"bit varying", pgtype.Bits{Bytes: []byte{0xa8}, Len: 5, Valid: true}, false},
	{"tid", pgtype.TID{BlockNumber: 7, OffsetNumber: 3, Valid: true}, false},
	{"xid", pgtype.Uint32{Uint32: 42, Valid: true}, false},
	{"text", pgtype.Text{}, false},
	{"int4", pgtype.Int4{}, false},
}

func pointer[T any](value T) *T { return &value }
