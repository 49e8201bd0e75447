package codecache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// An entry is the machine code of one module, in a file as wazero writes it.
// Its name is KEY.NAME.SUM: calf's key of the module, wazero's name for the
// file, and a checksum of all that is in it. wazero itself has one of the
// instructions only.
type entry struct {
	path   string
	name   string // wazero's
	header string // what the file begins with
}

// magic is what wazero's files begin with; the length of its version and the
// version follow.
const magic = "WAZEVO"

func header(version string) string { return magic + string([]byte{byte(len(version))}) + version }

// find returns the entry of a module, if there is a good one, and removes bad
// ones.
func find(folder, key string) (*entry, bool) {
	paths, _ := filepath.Glob(filepath.Join(folder, key+".*.*"))
	for _, p := range paths {
		e, err := open(p)
		if err == nil {
			return e, true
		}
		if errors.Is(err, errDamaged) {
			_ = os.Remove(p)
		}
	}
	return nil, false
}

var errDamaged = errors.New("damaged")

// open checks a file and returns the entry that it is.
func open(path string) (*entry, error) {
	part := strings.Split(filepath.Base(path), ".")
	if len(part) != 3 {
		return nil, fmt.Errorf("%s has another name", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := crc32.New(castagnoli)
	var start [len(magic) + 1 + 255]byte
	n, err := io.ReadFull(f, start[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	_, _ = sum.Write(start[:n])
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != part[2] || !strings.HasPrefix(string(start[:n]), magic) {
		return nil, errDamaged
	}
	length := len(magic) + 1 + int(start[len(magic)])
	return &entry{path: path, name: part[1], header: string(start[:length])}, nil
}

// place puts the machine code where a wazero of some version finds it.
func (e *entry) place(dir, version string) error {
	to := filepath.Join(dir, e.name)
	if e.header == header(version) && os.Link(e.path, to) == nil {
		return nil
	}
	from, err := os.Open(e.path)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = from.Seek(int64(len(e.header)), io.SeekStart)
	if err == nil {
		_, err = f.WriteString(header(version))
	}
	if err == nil {
		_, err = io.Copy(f, from)
	}
	return errors.Join(err, f.Close())
}

// used notes that the entry is of use.
func (e *entry) used() {
	now := time.Now()
	_ = os.Chtimes(e.path, now, now)
}

// keep makes an entry of a file that wazero has written.
func keep(folder, key, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	_, err = io.Copy(sum, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	name := strings.Join([]string{key, filepath.Base(path), hex.EncodeToString(sum.Sum(nil))}, ".")
	return os.Rename(path, filepath.Join(folder, name))
}
