package link_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
)

func TestScratch(t *testing.T) {
	set, err := assets.Open()
	if err != nil { t.Skip(err) }
	a, _ := set.ReadFile("pglite.wasm")
	t0 := time.Now()
	l, err := link.Main(a)
	if err != nil { t.Fatal(err) }
	fmt.Println("main", time.Since(t0), len(l.Wasm), len(l.Data), len(l.Functions))
	files, _ := set.Files()
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".so") { continue }
		lib, err := link.Side(f.Content, func(n string) string {
			if _, ok := l.Functions[n]; ok { return "main" }
			if emscripten.Lookup(n) != nil { return "env:"+n }
			return ""
		})
		if err != nil { fmt.Println(f.Path, err); continue }
		fmt.Println(f.Path, lib.MemSize, lib.MemAlign, lib.TableSize, lib.Needed, len(lib.GOT), len(lib.Functions), len(lib.Variables), lib.Undefined)
	}
}
