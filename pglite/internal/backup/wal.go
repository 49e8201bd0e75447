package backup

import (
	"encoding/binary"
	"errors"
	"path"
	"strconv"
	"strings"

	"github.com/calfdb/calf/runtime/vfs"
)

// isSegment tells whether a file of pg_wal is a segment of the log.
func isSegment(name string) bool {
	return len(name) == 24 && strings.Trim(name, "0123456789ABCDEF") == ""
}

// Where a page of the log says which it is (XLogPageHeaderData, xlog_internal.h).
const (
	pageAddrOffset = 8
	pageHeaderSize = 20
)

// isUsed tells whether a segment of the log has been written to. PostgreSQL
// renames old ones for later use, and they still have their old content.
func isUsed(v vfs.Volume, name string, size int64) (bool, error) {
	f, err := v.Open(name, vfs.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var header [pageHeaderSize]byte
	if _, err := f.ReadAt(header[:], 0); err != nil {
		return false, err
	}
	base := path.Base(name)
	log, err1 := strconv.ParseUint(base[8:16], 16, 32)
	seg, err2 := strconv.ParseUint(base[16:], 16, 32)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	return binary.LittleEndian.Uint64(header[pageAddrOffset:]) == log<<32+seg*uint64(size), nil
}
