package sqlscript

import "testing"

// FuzzScanner checks that no script makes the scanner panic, and that its pieces
// make up the script.
func FuzzScanner(f *testing.F) {
	for _, tt := range splits {
		f.Add(tt.script)
	}
	f.Add("\\")
	f.Add("a\\\n\\\\")
	f.Fuzz(func(t *testing.T, script string) {
		for _, p := range pieces(t, script) {
			if _, err := Arguments(p.Args); err != nil && p.Kind != Command {
				t.Fatalf("%+v has arguments", p)
			}
		}
	})
}
