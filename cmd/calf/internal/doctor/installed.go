package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/cmd/calf/internal/errtext"
)

// installed reads all of PostgreSQL's files, which verifies them.
func installed(ctx context.Context) Finding {
	const hint = "run `calf assets install`"
	set, err := assets.Open()
	if err != nil {
		return fail(errtext.Line(err), hint)
	}
	info := set.Info()
	var total int64
	for _, f := range info.Files {
		if err := ctx.Err(); err != nil {
			return fail(errtext.Line(err), "")
		}
		if err := verify(set, f); err != nil {
			return fail(errtext.Line(err), hint)
		}
		total += f.Size
	}
	detail := fmt.Sprintf("%s, %d files with %d MiB are as they should be", info.Origin, len(info.Files), total>>20)
	if info.Dir != "" {
		detail += ": " + info.Dir
	}
	return ok(detail)
}

// derived is the folder of derived files, of which their names have it.
const derived = "derived/"

// verify reads a file.
func verify(set *assets.Set, f assets.FileInfo) error {
	if f.Key == "" {
		_, err := set.ReadFile(f.Name)
		return err
	}
	_, found, err := set.Derived(strings.TrimPrefix(f.Name, derived), f.Key)
	if err == nil && !found {
		err = fmt.Errorf("%s is not there", f.Name)
	}
	return err
}
