package icudata

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
)

// ErrNoData is returned for what has no data of the ICU in the guest.
var ErrNoData = errors.New("no data of ICU 76 (" + Folder + ")")

// maxArchive bounds what Read reads, in bytes and decompressed. The data of all languages has 32 MB.
const maxArchive = 512 << 20

// Read returns ICU's data from
//   - an archive as PGlite's icuDataDir takes it: a tar, compressed with gzip or not, with the folder icudt76l, or
//   - a file that has the data in one piece, as icudt76l.dat of ICU's releases, or a library or program that it was linked
//     into, such as libicudata.so.76.
//
// The error for another version, or anything else, wraps [ErrNoData].
func Read(r io.Reader) (Files, error) {
	in := bufio.NewReader(r)
	var plain io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // RFC 1952
		zr, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("decompressing: %w", err)
		}
		plain = zr
	}
	data, err := io.ReadAll(io.LimitReader(plain, maxArchive+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxArchive:
		return nil, fmt.Errorf("it has more than %d bytes", maxArchive)
	}
	read := readPackage
	if isTar(data) {
		read = readTar
	}
	files, err := read(data)
	if err == nil && len(files) == 0 {
		err = ErrNoData
		if other := otherVersion.Find(data); other != nil && !strings.HasPrefix(string(other), Folder) {
			err = fmt.Errorf("%w, but perhaps of another ICU (%s)", err, bytes.TrimRight(other, "/"))
		}
	}
	return files, err
}

// otherVersion is how the files of any ICU's data are called.
var otherVersion = regexp.MustCompile(`icudt[0-9]{2}[lbe]/`)

// isTar knows a tar by what POSIX and GNU write at the end of the first header's names.
func isTar(data []byte) bool {
	return len(data) > 262 && string(data[257:262]) == "ustar"
}

// readTar returns what an archive has below the folder, wherever that is, or in the package of that name.
func readTar(data []byte) (Files, error) {
	files := Files{}
	r := bytes.NewReader(data)
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			if bytes.HasSuffix(data, make([]byte, 512)) { // as archives end
				return files, nil
			}
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, fmt.Errorf("reading the archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		content := data[len(data)-r.Len():] // Next stops where the content begins
		if h.Size > int64(len(content)) {
			return nil, fmt.Errorf("reading the archive: %s is cut off", h.Name)
		}
		content = content[:h.Size:h.Size]
		name := "/" + h.Name
		if strings.HasSuffix(name, "/"+Folder+".dat") {
			return readPackage(content)
		}
		_, name, found := strings.Cut(name, "/"+Folder+"/")
		if found && fs.ValidPath(name) {
			files[Folder+"/"+name] = content
		}
	}
}
