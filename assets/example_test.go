package assets_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/calfdb/calf/assets"
)

func ExampleOpen() {
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		_, err = assets.Install(context.Background(), assets.InstallConfig{})
		if err == nil {
			set, err = assets.Open()
		}
	}
	if err != nil {
		log.Fatal(err)
	}
	files, err := set.Files()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(files), "files for the guest")
}

func ExampleInstall() {
	dir, err := assets.Install(context.Background(), assets.InstallConfig{
		Progress: func(s assets.Step) { fmt.Printf("%d/%d %s\n", s.Number, s.Total, s.Doing) },
		Derive: func(ctx context.Context, set *assets.Set, dst string) ([]assets.DerivedFile, error) {
			// Write linked.wasm into dst, made from set's pglite.wasm.
			return []assets.DerivedFile{{Name: "linked.wasm", Key: "linker 1"}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("installed in", dir)
}
