package conformance

import "strings"

var numberTypes = []typeCase{
	{name: "bool", values: []typeValue{
		{in: "t"}, {in: "f"}, {"true", "t"}, {"off", "f"}, {"YES", "t"}, {"0", "f"}, {" n ", "f"},
	}},
	{name: "int2", values: []typeValue{{in: "0"}, {in: "-32768"}, {in: "32767"}, {" +7 ", "7"}}},
	{name: "int4", values: []typeValue{{in: "0"}, {in: "-2147483648"}, {in: "2147483647"}}},
	{name: "int8", values: []typeValue{
		{in: "0"}, {in: "-9223372036854775808"}, {in: "9223372036854775807"}, {in: "9007199254740993"},
	}},
	{name: "oid", values: []typeValue{{in: "0"}, {in: "4294967295"}, {"-1", "4294967295"}}},
	{name: "float4", values: []typeValue{
		{in: "0"}, {in: "-0"}, {in: "1.5"}, {in: "3.4028235e+38"}, {in: "1e-45"}, {in: "1.1754944e-38"}, {in: "0.1"},
		{in: "Infinity"}, {"-inf", "-Infinity"}, {"nan", "NaN"}, {"16777217", "1.6777216e+07"}, {in: "1e+10"},
	}},
	{name: "float8", values: []typeValue{
		{in: "0"}, {in: "-0"}, {in: "0.1"}, {in: "1.7976931348623157e+308"}, {in: "5e-324"},
		{in: "2.2250738585072014e-308"}, {in: "Infinity"}, {in: "-Infinity"}, {in: "NaN"}, {"1e15", "1e+15"},
		{"123456789012345", "123456789012345"}, {in: "0.30000000000000004"}, {in: "2.449489742783178"},
	}},
	{name: "numeric", values: []typeValue{
		{in: "0"}, {in: "0.00"}, {in: "-12345678901234567890.123456789012345678901234567890"}, {in: "NaN"},
		{in: "Infinity"}, {in: "-Infinity"}, {"1e-20", "0.00000000000000000001"}, {"1e30", "1" + zeros(30)},
		{in: "1" + zeros(131071)}, {in: "0." + zeros(16382) + "1"}, {in: "9999.9999"}, {in: "10000"}, {"-.5", "-0.5"},
	}},
	{name: "numeric(6,2)", values: []typeValue{{"1234.567", "1234.57"}, {"-0.005", "-0.01"}, {in: "9999.99"}, {in: "NaN"}}},
	{name: "numeric(3,-2)", values: []typeValue{{"12345", "12300"}, {"99949", "99900"}}},
	{name: "money", values: []typeValue{
		{in: "$1.50"}, {"-1234567.891", "-$1,234,567.89"}, {in: "$92,233,720,368,547,758.07"}, {"0", "$0.00"},
	}},
	{name: "bit(5)", values: []typeValue{{in: "10101"}, {in: "00000"}}},
	{name: "bit varying(70)", values: []typeValue{{in: "1"}, {in: ones(70)}}},
}

var stringTypes = []typeCase{
	{name: "text", values: []typeValue{
		{in: "a"}, {in: " spaces  "}, {in: "quote ' and \" and \\"}, {in: "line\nbreak\ttab\r"},
		{in: "ünïcödé 漢字 🐘 e\u0301"}, {in: "\x01\x7f"}, {in: "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋"},
	}},
	{name: "varchar(5)", values: []typeValue{{in: "abcde"}, {in: "äöüßé"}, {"ab      ", "ab   "}}},
	{name: "character(4)", values: []typeValue{{"ab", "ab  "}, {in: "äöüß"}}},
	{name: `"char"`, values: []typeValue{{in: "x"}, {in: "~"}, {`\377`, `\377`}, {`\141`, `a`}}},
	{name: "name", values: []typeValue{
		{in: "pg_class"}, {ones(70), ones(63)}, {in: "with space"},
	}},
	{name: "bytea", values: []typeValue{
		{`\x`, `\x`}, {in: `\x00010203ff`}, {`\\001a`[1:], `\x0161`}, {"plain", `\x706c61696e`}, {`\x DE AD be ef`, `\xdeadbeef`},
	}},
	{name: "uuid", values: []typeValue{
		{in: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {in: "00000000-0000-0000-0000-000000000000"},
		{"{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{"ffffffffffffffffffffffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
	}},
}

var timeTypes = []typeCase{
	{name: "date", values: []typeValue{
		{in: "2024-02-29"}, {in: "0001-01-01"}, {in: "4713-01-01 BC"}, {in: "5874897-12-31"}, {in: "infinity"},
		{in: "-infinity"}, {"January 8, 1999", "1999-01-08"}, {"1/8/1999", "1999-01-08"}, {"epoch", "1970-01-01"},
		{"J2451187", "1999-01-08"},
	}},
	{name: "time", values: []typeValue{
		{in: "00:00:00"}, {in: "24:00:00"}, {in: "23:59:59.999999"}, {"04:05 PM", "16:05:00"}, {"040506.789", "04:05:06.789"},
	}},
	{name: "time(2)", values: []typeValue{{"12:34:56.785", "12:34:56.79"}, {"23:59:59.999", "24:00:00"}}},
	{name: "timetz", values: []typeValue{
		{in: "12:00:00+00"}, {in: "04:05:06.789-08"}, {in: "00:00:00+15:59:59"}, {in: "24:00:00-15:30"},
	}},
	{name: "timestamp", values: []typeValue{
		{in: "2024-02-29 12:34:56.789012"}, {in: "4713-01-01 00:00:00 BC"}, {in: "294276-12-31 23:59:59.999999"},
		{in: "infinity"}, {in: "-infinity"}, {in: "0044-03-15 12:00:00 BC"}, {"2021-01-01T12:00:00.000Z", "2021-01-01 12:00:00"},
	}},
	{name: "timestamp(0)", values: []typeValue{{"2024-01-01 00:00:00.5", "2024-01-01 00:00:01"}}},
	{name: "timestamptz", values: []typeValue{
		{in: "2024-02-29 12:34:56.789012+00"}, {"2024-07-01 12:00:00 America/New_York", "2024-07-01 16:00:00+00"},
		{"2004-10-19 10:23:54+02", "2004-10-19 08:23:54+00"}, {in: "infinity"}, {in: "-infinity"},
		{in: "4713-01-01 00:00:00+00 BC"}, {in: "294276-12-31 23:59:59.999999+00"},
		{"1999-01-08 04:05:06 PST", "1999-01-08 12:05:06+00"},
	}},
	{name: "interval", values: []typeValue{
		{in: "00:00:00"}, {in: "1 year 2 mons 3 days 04:05:06.789012"}, {in: "-1 years -2 mons +3 days -04:05:06"},
		{"P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"}, {"1-2", "1 year 2 mons"}, {"90 minutes ago", "-01:30:00"},
		{in: "178000000 years"}, {in: "2147483647 days"}, {"1.5 months", "1 mon 15 days"}, {"3 weeks", "21 days"},
	}},
	{name: "interval day to second(1)", values: []typeValue{{"3 4:05:06.78", "3 days 04:05:06.8"}}},
}

var networkTypes = []typeCase{
	{name: "inet", values: []typeValue{
		{in: "192.168.1.5"}, {in: "192.168.1.5/24"}, {in: "::1"}, {in: "2001:db8::ff00:42:8329/64"}, {in: "0.0.0.0/0"},
		{in: "::ffff:1.2.3.4"}, {"10.0.0.1/32", "10.0.0.1"},
	}},
	{name: "cidr", values: []typeValue{{"10", "10.0.0.0/8"}, {in: "192.168.100.128/25"}, {in: "2001:4f8:3:ba::/64"}, {in: "::/0"}}},
	{name: "macaddr", values: []typeValue{{in: "08:00:2b:01:02:03"}, {"0800.2b01.0203", "08:00:2b:01:02:03"}}},
	{name: "macaddr8", values: []typeValue{{in: "08:00:2b:01:02:03:04:05"}, {"08:00:2b:01:02:03", "08:00:2b:ff:fe:01:02:03"}}},
}

var documentTypes = []typeCase{
	{name: "json", values: []typeValue{
		{in: `{"a":1, "a" : [true,null] }`}, {in: `1e400`}, {in: `"\u00e9\n"`}, {in: ` [ ] `}, {in: `"\ud83d\ude00"`},
	}},
	{name: "jsonb", values: []typeValue{
		{`{"b":1,"a":2,"a":3}`, `{"a": 3, "b": 1}`}, {in: `null`}, {in: `[]`}, {in: `"é\n"`},
		{`{"aa":1,"b":{"c":[1.50,-0,1e3,"x"]}}`, `{"b": {"c": [1.50, 0, 1000, "x"]}, "aa": 1}`},
		{`"\ud83d\ude00"`, `"😀"`}, {in: `12345678901234567890.12345678901234567890`},
	}},
	{name: "jsonpath", values: []typeValue{
		{in: `$."a"[*]?(@."b" > 1)`}, {`$.a[*] ? (@.b > 1)`, `$."a"[*]?(@."b" > 1)`}, {`strict $.**{2 to last}.x`, `strict $.**{2 to last}."x"`},
	}},
	{name: "xml", values: []typeValue{
		{in: `<a b="c">d<e/></a>`}, {in: `text only`}, {in: `<?xml version="1.0"?><a/>`, out: `<a/>`}, {in: `<x>äöü</x>`},
	}},
	{name: "tsvector", values: []typeValue{
		{"a fat cat sat", `'a' 'cat' 'fat' 'sat'`}, {"a:1A b:2,3C", `'a':1A 'b':2,3C`}, {`'Joe''s' 'with space'`, `'Joe''s' 'with space'`},
	}},
	{name: "tsquery", values: []typeValue{
		{"fat & (rat | cat)", `'fat' & ( 'rat' | 'cat' )`}, {"super:*A <2> !star", `'super':*A <2> !'star'`},
	}},
}

var geometryTypes = []typeCase{
	{name: "point", values: []typeValue{{in: "(1.5,-2)"}, {"1,2", "(1,2)"}, {in: "(Infinity,NaN)"}}},
	{name: "line", values: []typeValue{{in: "{1,-1,0}"}, {"[(0,0),(1,1)]", "{1,-1,0}"}}},
	{name: "lseg", values: []typeValue{{in: "[(1,2),(3,4)]"}}},
	{name: "box", values: []typeValue{{"(1,2),(3,4)", "(3,4),(1,2)"}}},
	{name: "path", values: []typeValue{{in: "[(1,2),(3,4),(5,6)]"}, {in: "((1,2),(3,4))"}}},
	{name: "polygon", values: []typeValue{{in: "((0,0),(1,0),(1,1))"}}},
	{name: "circle", values: []typeValue{{in: "<(1,2),3>"}, {"((0,0),2.5)", "<(0,0),2.5>"}}},
}

var arrayTypes = []typeCase{
	{name: "int4[]", values: []typeValue{
		{in: "{}"}, {in: "{1,NULL,3}"}, {in: "{{1,2},{3,4}}"}, {in: "[0:2]={1,2,3}"}, {in: "[-1:0][2:3]={{1,2},{3,4}}"},
		{in: "{{{1},{2}},{{3},{NULL}}}"},
	}},
	{name: "text[]", values: []typeValue{
		{`{a,"b c",NULL,"NULL","","q\"q","back\\slash","{}","c,d"}`, `{a,"b c",NULL,"NULL","","q\"q","back\\slash","{}","c,d"}`},
		{in: `{{"1.1",x},{y,z}}`, out: `{{1.1,x},{y,z}}`},
	}},
	{name: "bytea[]", values: []typeValue{{`{"\\x00ff",NULL}`, `{"\\x00ff",NULL}`}}},
	{name: "float8[]", values: []typeValue{{in: "{1.5,NaN,-Infinity,NULL}"}}},
	{name: "numeric[]", values: []typeValue{{in: "{1.10,NaN}"}}},
	{name: "bool[]", values: []typeValue{{in: "{t,f,NULL}"}}},
	{name: "timestamptz[]", values: []typeValue{{in: `{"2024-01-01 00:00:00+00",infinity}`}}},
	{name: "uuid[]", values: []typeValue{{in: "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"}}},
	{name: "jsonb[]", values: []typeValue{{in: `{"{\"a\": 1}",null,NULL}`, out: `{"{\"a\": 1}",NULL,NULL}`}}},
	{name: "box[]", values: []typeValue{{in: "{(1,1),(0,0);(2,2),(0,0)}"}}},
	{name: "int2vector", values: []typeValue{{in: "1 2 3"}}},
	{name: "oidvector", values: []typeValue{{in: "1 4294967295"}}},
	{name: "mood[]", setup: `CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy')`, values: []typeValue{
		{in: `{sad,NULL,"very happy"}`},
	}},
}

var rangeTypes = []typeCase{
	{name: "int4range", values: []typeValue{
		{in: "empty"}, {"[1,5]", "[1,6)"}, {"(,5)", "(,5)"}, {in: "(,)"}, {"(1,2)", "empty"},
	}},
	{name: "int8range", values: []typeValue{{in: "[9007199254740993,9223372036854775807)"}}},
	{name: "numrange", values: []typeValue{{in: "[1.5,2.50]"}, {in: "(-Infinity,NaN)"}}},
	{name: "tsrange", values: []typeValue{{in: `["2024-01-01 00:00:00",infinity)`}}},
	{name: "tstzrange", values: []typeValue{{in: `["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")`}}},
	{name: "daterange", values: []typeValue{{"[2024-01-01,2024-01-31]", "[2024-01-01,2024-02-01)"}}},
	{name: "int4multirange", values: []typeValue{{in: "{}"}, {"{[1,3],[2,5),[8,9]}", "{[1,5),[8,10)}"}}},
	{name: "nummultirange", values: []typeValue{{in: "{(,1.5],[2,)}"}}},
	{name: "tstzmultirange", values: []typeValue{{in: `{["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")}`}}},
	{name: "datemultirange", values: []typeValue{{in: `{[2024-01-01,2024-02-01)}`}}},
	{name: "int4range[]", values: []typeValue{{in: `{"[1,6)",empty}`}}},
	{name: "floatrange", setup: `CREATE TYPE floatrange AS RANGE (subtype = float8, subtype_diff = float8mi)`, values: []typeValue{
		{in: "[1.5,2.5)"}, {in: "(,Infinity]"},
	}},
	{name: "floatmultirange", values: []typeValue{{in: "{[1.5,2.5),[3,4]}"}}},
}

var compositeTypes = []typeCase{
	{name: "pair", setup: `CREATE TYPE pair AS (a int, b text)`, values: []typeValue{
		{in: "(1,x)"}, {in: `(,"")`}, {in: `(,)`}, {in: `(-1,"q""u,o(t)e\\")`, out: `(-1,"q""u,o(t)e\\")`},
	}},
	{name: "nested", setup: `CREATE TYPE nested AS (p pair, ps pair[], r int4range)`, values: []typeValue{
		{in: `("(1,x)","{""(2,y)"",NULL}","[1,6)")`},
	}},
	{name: "pair[]", values: []typeValue{{in: `{"(1,x)","(,)",NULL}`}}},
	{name: "positive", setup: `CREATE DOMAIN positive AS int CHECK (VALUE > 0)`, values: []typeValue{{in: "5"}}},
	{name: "positive[]", values: []typeValue{{in: "{1,NULL}"}}},
	{name: "ints", setup: `CREATE DOMAIN ints AS int[] CHECK (array_length(VALUE, 1) < 4)`, values: []typeValue{{in: "{1,2,3}"}}},
	{name: "colour", setup: `CREATE TYPE colour AS ENUM ('red', 'Grün', 'a "b"', '')`, values: []typeValue{
		{in: "red"}, {in: "Grün"}, {in: `a "b"`},
	}},
	{name: "pairdomain", setup: `CREATE DOMAIN pairdomain AS pair CHECK ((VALUE).a > 0)`, values: []typeValue{{in: "(1,x)"}}},
}

var systemTypes = []typeCase{
	{name: "pg_lsn", values: []typeValue{{in: "0/0"}, {in: "16/B374D848"}, {in: "FFFFFFFF/FFFFFFFF"}}},
	{name: "regclass", values: []typeValue{{in: "pg_class"}, {"1259", "pg_class"}, {"pg_catalog.pg_type", "pg_type"}, {"0", "-"}}},
	{name: "regtype", values: []typeValue{{"int4", "integer"}, {in: "timestamp with time zone"}, {in: "text[]"}, {"varchar", "character varying"}}},
	{name: "regproc", values: []typeValue{{in: "now"}}},
	{name: "regprocedure", values: []typeValue{{in: "lower(text)"}}},
	{name: "regoperator", values: []typeValue{{in: "+(integer,integer)"}}},
	{name: "regnamespace", values: []typeValue{{in: "pg_catalog"}}},
	{name: "regrole", values: []typeValue{{in: "pg_read_all_data"}}},
	{name: "regcollation", values: []typeValue{{in: `"C"`}}},
	{name: "regconfig", values: []typeValue{{in: "english"}}},
	{name: "regdictionary", values: []typeValue{{in: "simple"}}},
	{name: "xid", values: []typeValue{{in: "3"}, {in: "4294967295"}}},
	{name: "xid8", values: []typeValue{{in: "18446744073709551615"}}},
	{name: "cid", values: []typeValue{{in: "0"}}},
	{name: "tid", values: []typeValue{{in: "(0,1)"}, {in: "(4294967294,65535)"}}},
	{name: "pg_snapshot", values: []typeValue{{in: "10:20:10,14,15"}}},
	{name: "txid_snapshot", values: []typeValue{{in: "10:20:10,14,15"}}},
	{name: "refcursor", values: []typeValue{{in: "a cursor"}}},
	{name: "aclitem", noSend: true, values: []typeValue{{in: "=r/pg_monitor"}}},
	{name: "aclitem[]", noSend: true, values: []typeValue{{in: "{pg_monitor=arwdDxt/pg_monitor,=r/pg_monitor}"}}},
}

func zeros(n int) string { return strings.Repeat("0", n) }

func ones(n int) string { return strings.Repeat("1", n) }
