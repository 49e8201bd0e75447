package pgarchive

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// A builder writes archives of the custom format, of any version.
type builder struct {
	bytes.Buffer
	version version
}

// toc is an entry as a test writes it.
type toc struct {
	id                     int
	desc, schema, tag      string
	defn, drop, copy       string
	owner, tablespace, am  string
	relkind                byte
	deps                   []int
	hasData, inTablespaces bool
}

func (b *builder) int(v int) {
	sign := byte(0)
	if v < 0 {
		sign, v = 1, -v
	}
	b.WriteByte(sign)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(v)))
}

func (b *builder) string(s string) {
	b.int(len(s))
	b.WriteString(s)
}

func (b *builder) null() { b.int(-1) }

// build writes the header and the table of contents.
func build(v version, compression byte, entries ...toc) *builder {
	b := &builder{version: v}
	b.WriteString(Magic)
	b.Write([]byte{byte(v >> 16), byte(v >> 8), byte(v), 4, 8, formatCustom})
	switch {
	case v >= withAlgorithm:
		b.WriteByte(compression)
	case compression == compressionNone:
		b.int(0)
	default:
		b.int(-1)
	}
	for range 7 {
		b.int(1)
	}
	b.string("db")
	b.string("15.1")
	b.string("15.2")
	b.int(len(entries))
	for _, e := range entries {
		b.entry(e)
	}
	return b
}

func (b *builder) entry(e toc) {
	hasData := 0
	if e.hasData {
		hasData = 1
	}
	b.int(e.id)
	b.int(hasData)
	b.string("1259")
	b.string("16384")
	b.string(e.tag)
	b.string(e.desc)
	b.int(2)
	b.string(e.defn)
	b.string(e.drop)
	b.string(e.copy)
	b.string(e.schema)
	if e.inTablespaces {
		b.string(e.tablespace)
	} else {
		b.null()
	}
	if b.version >= withTableAM {
		b.string(e.am)
	}
	if b.version >= withBlobMetadata {
		b.int(int(e.relkind))
	}
	b.string(e.owner)
	b.string("false")
	for _, d := range e.deps {
		b.string(strconv.Itoa(d))
	}
	b.null()
	b.WriteByte(byte(1 + 2*(1-hasData))) // position not set, or no data
	b.Write(make([]byte, 8))
}

// table writes a block of chunks.
func (b *builder) table(id int, chunks ...string) *builder {
	b.WriteByte(blockData)
	b.int(id)
	b.chunks(chunks...)
	return b
}

func (b *builder) chunks(chunks ...string) {
	for _, c := range chunks {
		b.string(c)
	}
	b.int(0)
}

// blob begins a block of large objects, which ends with a number of 0.
func (b *builder) blobs(id int) *builder {
	b.WriteByte(blockBlobs)
	b.int(id)
	return b
}

// settingsOf are the entries that every archive begins with.
func settingsOf(searchPath bool) []toc {
	list := []toc{
		{id: 901, desc: "ENCODING", tag: "ENCODING", defn: "SET client_encoding = 'UTF8';\n"},
		{id: 902, desc: "STDSTRINGS", tag: "STDSTRINGS", defn: "SET standard_conforming_strings = 'on';\n"},
	}
	if searchPath {
		list = append(list, toc{id: 903, desc: "SEARCHPATH", tag: "SEARCHPATH", defn: "SELECT pg_catalog.set_config('search_path', '', false);\n"})
	}
	return list
}
