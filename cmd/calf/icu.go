package main

import (
	"fmt"
	"os"

	"github.com/calfdb/calf/pglite"
	"github.com/spf13/pflag"
)

// icu is the flag of commands that open a database which may sort as languages
// do that the guest does not know.
type icu struct{ file string }

func (i *icu) addTo(f *pflag.FlagSet) {
	f.StringVar(&i.file, "icu", "", "`file` with ICU 76's data of all languages: PGlite's archive, icudt76l.dat or libicudata.so.76")
}

// data reads the file. It returns nil if none is named.
func (i *icu) data() (*pglite.ICUData, error) {
	if i.file == "" {
		return nil, nil
	}
	f, err := os.Open(i.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := pglite.ReadICUData(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.file, err)
	}
	return data, nil
}
