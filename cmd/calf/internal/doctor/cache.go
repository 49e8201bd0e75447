package doctor

import (
	"context"
	"fmt"
	"os"

	"github.com/calfdb/calf/cmd/calf/internal/errtext"
	"github.com/calfdb/calf/runtime"
)

// enoughSpace is about twice what an installation and its compiled code take.
const enoughSpace = 200 << 20

// cacheFolder tries to write where compiled code is kept.
func cacheFolder(context.Context) Finding {
	const hint = "compiled code is kept there; set HOME or XDG_CACHE_HOME, or LocalAppData on Windows"
	dir, err := runtime.DefaultCacheDir()
	if err != nil {
		return fail(errtext.Line(err), hint)
	}
	if err := tryWrite(dir); err != nil {
		return fail(errtext.Line(err), hint)
	}
	free, known := freeSpace(dir)
	if !known {
		return ok(dir)
	}
	detail := fmt.Sprintf("%s, %d MiB free", dir, free>>20)
	if free < enoughSpace {
		return warn(detail, "compiled code takes about 100 MiB")
	}
	return ok(detail)
}

// tryWrite makes the folder, and a file in it for a moment.
func tryWrite(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "doctor-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.WriteString("calf"); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
