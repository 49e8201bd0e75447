// Program compiles the module in the file that is its second argument with the
// cache in the folder that is its first, and prints what it logs.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/calfdb/calf/runtime/internal/codecache"
	"github.com/tetratelabs/wazero"
)

func main() {
	wasm, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	c := codecache.Open(os.Args[1], slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug})))
	rt := wazero.NewRuntimeWithConfig(ctx, c.Config(wazero.NewRuntimeConfigCompiler()))
	if _, err := c.Compile(ctx, rt, "test", wasm); err != nil {
		log.Fatal(err)
	}
}
