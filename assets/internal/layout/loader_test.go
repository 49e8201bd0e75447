package layout

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadLoader(t *testing.T) {
	t.Parallel()
	two := []Span{{"/home/postgres/.pgpass", 0, 204}, {"/pglite/bin/initdb", 204, 1000223}}
	tests := map[string]struct {
		js   string
		want []Span
	}{
		"minified": {
			`x({files:[{filename:"/home/postgres/.pgpass",start:0,end:204},` +
				`{filename:"/pglite/bin/initdb",start:204,end:1000223}],remote_package_size:1000223})`, two},
		"as JSON": {
			`x({"files": [{"filename": "/home/postgres/.pgpass", "start": 0, "end": 204},` + "\n" +
				`{"filename": "/pglite/bin/initdb", "start": 204, "end": 1000223}], "remote_package_size": 1000223})`, two},
		"size first, other members": {
			`x({remote_package_size:204,uuid:"a",files:[{filename:"/a",audio:0,x:"\"}]",start:0,end:204,y:true}]})`,
			[]Span{{"/a", 0, 204}}},
		"numbers with exponents": {
			`x({files:[{filename:"/a",start:0,end:1e6},{filename:"/b",start:1e6,end:12e5}],remote_package_size:12e5})`,
			[]Span{{"/a", 0, 1e6}, {"/b", 1e6, 12e5}}},
		"escapes in a name": {
			`x({files:[{filename:"/a\u00e9\\b",start:0,end:1}],remote_package_size:1})`, []Span{{`/aé\b`, 0, 1}}},
		"empty file": {
			`x({files:[{filename:"/a",start:0,end:0},{filename:"/b",start:0,end:1}],remote_package_size:1})`,
			[]Span{{"/a", 0, 0}, {"/b", 0, 1}}},
		"other arrays called files": {
			`a={files:[],b:{files:["x"]},c:{files:[{name:1}]}};x({files:[{filename:"/a",start:0,end:1}],remote_package_size:1})`,
			[]Span{{"/a", 0, 1}}},
		"use of the size": {
			`s=metadata["remote_package_size"];x({files:[{filename:"/a",start:0,end:1}],remote_package_size:1})`,
			[]Span{{"/a", 0, 1}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadLoader([]byte(test.js))
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}

func TestReadLoaderRefuses(t *testing.T) {
	t.Parallel()
	list := func(entries, size string) string {
		return `x({files:[` + entries + `],remote_package_size:` + size + `})`
	}
	tests := map[string]struct{ js, want string }{
		"nothing":             {"", "remote_package_size"},
		"no size":             {`x({files:[{filename:"/a",start:0,end:1}]})`, "remote_package_size"},
		"two sizes":           {list(`{filename:"/a",start:0,end:1}`, "1") + "remote_package_size:2", "remote_package_size"},
		"no index":            {`remote_package_size:1`, "no index"},
		"two indexes":         {strings.Repeat(`files:[{filename:"/a",start:0,end:1}];`, 2) + `remote_package_size:1`, "more than one"},
		"gap":                 {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:2,end:3}`, "3"), "lies at 2 to 3"},
		"overlap":             {list(`{filename:"/a",start:0,end:2},{filename:"/b",start:1,end:3}`, "3"), "lies at 1 to 3"},
		"out of order":        {list(`{filename:"/b",start:1,end:3},{filename:"/a",start:0,end:1}`, "3"), "lies at 1 to 3"},
		"ends before it is":   {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:1,end:0}`, "1"), "lies at 1 to 0"},
		"too short":           {list(`{filename:"/a",start:0,end:1}`, "2"), "ends at 1 of 2"},
		"too long":            {list(`{filename:"/a",start:0,end:3}`, "2"), "lies at 0 to 3"},
		"twice":               {list(`{filename:"/a",start:0,end:1},{filename:"/a",start:1,end:2}`, "2"), "/a is listed twice"},
		"relative":            {list(`{filename:"a",start:0,end:1}`, "1"), "not a clean absolute path"},
		"upwards":             {list(`{filename:"/a/../b",start:0,end:1}`, "1"), "not a clean absolute path"},
		"root":                {list(`{filename:"/",start:0,end:1}`, "1"), "not a clean absolute path"},
		"zero byte":           {list(`{filename:"/a\u0000",start:0,end:1}`, "1"), "zero byte"},
		"file as folder":      {list(`{filename:"/a/b/c",start:0,end:1},{filename:"/a",start:1,end:2}`, "2"), "as the folder of /a/b/c"},
		"second is malformed": {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:x,end:2}`, "2"), "entry 1: member start"},
		"second is cut off":   {list(`{filename:"/a",start:0,end:1},{filename:"/b`, "2"), "entry 1"},
		"second lacks an end": {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:1}`, "2"), "is missing"},
		"huge number":         {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:1,end:9e14}`, "2"), "not a number in range"},
		"negative number":     {list(`{filename:"/a",start:0,end:1},{filename:"/b",start:-1,end:2}`, "2"), "not a number in range"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ReadLoader([]byte(test.js))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func FuzzReadLoader(f *testing.F) {
	f.Add([]byte(`x({files:[{filename:"/a",start:0,end:204},{"filename": "/b", "start":204,"end":1e6}],remote_package_size:1e6})`))
	f.Add([]byte(`files:[{files:[{files:[{filename:"\`))
	f.Add([]byte(`files:[{filename:"/a",start:0,end:0}],remote_package_size:0`))
	f.Add([]byte(`files:[{"a":"` + strings.Repeat("x", 5000) + `"}],remote_package_size:1e99`))
	f.Fuzz(func(t *testing.T, js []byte) {
		spans, err := ReadLoader(js)
		if err != nil {
			return
		}
		var at int64
		for _, s := range spans {
			require.Equal(t, at, s.Start)
			require.Equal(t, byte('/'), s.Name[0])
			at = s.End
		}
	})
}
