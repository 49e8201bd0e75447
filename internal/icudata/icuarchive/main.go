// Icuarchive makes the archive that PGlite's icuDataDir takes, and calf's Config.ICU, of any file that has ICU's data:
//
//	icuarchive libicudata.so.76 > icudt76l.tar.gz
package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/calfdb/calf/internal/icudata"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: icuarchive FILE > icudt76l.tar.gz")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "icuarchive:", err)
		os.Exit(1)
	}
}

// convert writes the data that is in a file as an archive.
func convert(from string, to io.Writer) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	files, err := icudata.Read(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	return write(to, files)
}

func write(to io.Writer, files icudata.Files) error {
	z := gzip.NewWriter(to)
	t := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(files[name]); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}
