package icudata

import (
	"encoding/binary"
	"maps"
	"slices"
	"unicode/utf16"
)

// A table is a node of a resource bundle: strings and tables by key.
type table map[string]any

// Types of resources (ICU's uresdata.h); a resource is a word whose upper four bits are the type, and the others the
// offset of its content in words.
const (
	resString = 0
	resTable  = 2
)

// noFallback is the attribute of a bundle that stands for itself, and does not inherit from that of the parent locale.
const noFallback = 1

// Offsets and sizes in a bundle's file, in bytes unless said otherwise.
const (
	bundleHeader  = 32
	bundleIndexes = 8 // words after the root
)

// encodeBundle returns the file of a resource bundle, in version 2.0 of the format, which every ICU since 4.4 reads. It
// uses none of that version's ways to save space.
func encodeBundle(root table, attributes uint32) []byte {
	w := &bundleWriter{offsets: map[string]uint16{}}
	w.placeKeys(root)
	top := w.put(root)
	size := uint32(len(w.content) / 4)
	le := binary.LittleEndian
	le.PutUint32(w.content, top)
	for i, v := range [bundleIndexes]uint32{
		bundleIndexes, w.keysTop, size, size, uint32(w.longest), attributes,
		w.keysTop, 0, // no strings of 16 bits, no pool
	} {
		le.PutUint32(w.content[4+4*i:], v)
	}
	header := make([]byte, bundleHeader, bundleHeader+len(w.content))
	le.PutUint16(header, bundleHeader)
	copy(header[2:], "\xda\x27")
	le.PutUint16(header[4:], 20) // the size of UDataInfo, which follows: little-endian, ASCII, UChars of two bytes
	copy(header[8:], "\x00\x00\x02\x00ResB\x02\x00\x00\x00")
	return append(header, w.content...)
}

// bundleWriter holds a bundle without its header.
type bundleWriter struct {
	content []byte
	offsets map[string]uint16 // of keys
	keysTop uint32            // in words
	longest int               // table
}

// placeKeys writes all keys, once each.
func (w *bundleWriter) placeKeys(root table) {
	keys := map[string]bool{}
	var collect func(table)
	collect = func(t table) {
		for key, v := range t {
			keys[key] = true
			if v, ok := v.(table); ok {
				collect(v)
			}
		}
	}
	collect(root)
	w.content = make([]byte, 4+4*bundleIndexes)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if len(w.content) > 0xffff {
			panic("BUG: icudata: too many keys")
		}
		w.offsets[key] = uint16(len(w.content))
		w.content = append(append(w.content, key...), 0)
	}
	w.align()
	w.keysTop = uint32(len(w.content) / 4)
}

func (w *bundleWriter) align() {
	for len(w.content)%4 != 0 {
		w.content = append(w.content, 0)
	}
}

// put writes a node, those below it first, and returns the word that stands for it.
func (w *bundleWriter) put(node any) uint32 {
	switch v := node.(type) {
	case string:
		return w.putString(v)
	case table:
		return w.putTable(v)
	}
	panic("BUG: icudata: a node that is none")
}

func (w *bundleWriter) putString(s string) uint32 {
	if s == "" {
		return resString << 28
	}
	units := utf16.Encode([]rune(s))
	at := uint32(len(w.content) / 4)
	w.content = binary.LittleEndian.AppendUint32(w.content, uint32(len(units)))
	for _, u := range append(units, 0) {
		w.content = binary.LittleEndian.AppendUint16(w.content, u)
	}
	w.align()
	return resString<<28 | at
}

// putTable writes how many entries there are, the offsets of their keys in order, and the entries.
func (w *bundleWriter) putTable(t table) uint32 {
	if len(t) == 0 {
		return resTable << 28
	}
	keys := slices.Sorted(maps.Keys(t))
	items := make([]uint32, len(keys))
	for i, key := range keys {
		items[i] = w.put(t[key])
	}
	w.longest = max(w.longest, len(keys))
	at := uint32(len(w.content) / 4)
	w.content = binary.LittleEndian.AppendUint16(w.content, uint16(len(keys)))
	for _, key := range keys {
		w.content = binary.LittleEndian.AppendUint16(w.content, w.offsets[key])
	}
	w.align()
	for _, item := range items {
		w.content = binary.LittleEndian.AppendUint32(w.content, item)
	}
	return resTable<<28 | at
}
