package icudata

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"strings"
)

// A package is ICU's data in one piece (ICU's ucmndata.h): a header, the number of items, where the name and the content
// of each item begin, in the order of the contents and counted from the number, then the names, and the contents.
const (
	packageFormat  = "CmnD"
	packageFormats = 12 // where the header has it
	packageMagic   = "\xda\x27"
	packageMagics  = 2
	maxName        = 256
)

// readPackage returns the items of the first package in data that is the guest's ICU's; nothing if there is none.
func readPackage(data []byte) (Files, error) {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(packageFormat))
		if i < 0 {
			return nil, nil
		}
		if start := from + i - packageFormats; start >= 0 {
			if files := packageAt(data[start:]); len(files) > 0 {
				return files, nil
			}
		}
		from += i + len(packageFormat)
	}
}

// packageAt returns the items of the package at the beginning of data. What is damaged is none.
func packageAt(data []byte) Files {
	if string(data[packageMagics:packageMagics+2]) != packageMagic {
		return nil
	}
	le := binary.LittleEndian
	header := int(le.Uint16(data))
	if len(data) < header+4 {
		return nil
	}
	data = data[header:]
	n := int64(le.Uint32(data))
	if n == 0 || int64(len(data)) < 4+8*n {
		return nil
	}
	type item struct {
		name string
		at   uint32
	}
	items := make([]item, n)
	for i := range items {
		entry := data[4+8*i:]
		name, at := le.Uint32(entry), le.Uint32(entry[4:])
		if int64(max(name, at)) >= int64(len(data)) || i > 0 && at < items[i-1].at {
			return nil
		}
		text, _, ended := strings.Cut(string(data[name:min(int(name)+maxName, len(data))]), "\x00")
		if !ended || !strings.HasPrefix(text, Folder+"/") || !fs.ValidPath(text) {
			return nil
		}
		items[i] = item{text, at}
	}
	end := items[n-1].at + lastItem(data[items[n-1].at:])
	data = bytes.Clone(data[:end]) // which may be a small part of what was read
	files := make(Files, n)
	for i, it := range items {
		next := end
		if i+1 < len(items) {
			next = items[i+1].at
		}
		files[it.name] = data[it.at:next:next]
	}
	return files
}

// lastItem returns how long the last item is, whose end nothing tells but its own header: a bundle says it in its fourth
// index. Of anything else, and of a bundle that is cut off, it is all that is left.
func lastItem(data []byte) uint32 {
	const top = 4 + 4*3 // after the header
	le := binary.LittleEndian
	if len(data) < bundleHeader || string(data[packageFormats:packageFormats+4]) != "ResB" {
		return uint32(len(data))
	}
	header := int64(le.Uint16(data))
	if int64(len(data)) < header+top+4 {
		return uint32(len(data))
	}
	return uint32(min(int64(len(data)), header+4*int64(le.Uint32(data[header+top:]))))
}
