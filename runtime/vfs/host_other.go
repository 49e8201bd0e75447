//go:build !linux && !darwin && !windows

package vfs

import (
	"io/fs"
	"os"
	"path"
)

const openNonblock = 0

func fillStat(*Stat, fs.FileInfo) bool { return false }

func entryIno(_ *os.File, dir, name string) uint64 { return nameIno(path.Join(dir, name)) }

func syncData(f *os.File) error { return f.Sync() }

func syncDir(f *os.File) error { return f.Sync() }

func allocate(*os.File, int64, int64) error { return ENOTSUP }

func statfs(*os.File) (Statfs, error) { return Statfs{BlockSize: 4096}, nil }
