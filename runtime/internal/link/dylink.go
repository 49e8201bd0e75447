package link

import (
	"errors"
	"fmt"
)

// Subsections of the custom section dylink.0 (WebAssembly tool conventions,
// DynamicLinking.md).
const (
	dylinkMemInfo    = 1
	dylinkNeeded     = 2
	dylinkImportInfo = 4

	symbolBindingWeak = 1
)

// dylink is what a shared library says about itself.
type dylink struct {
	memSize, memAlign     uint32 // bytes, log2
	tableSize, tableAlign uint32 // slots, log2
	needed                []string
	weak                  map[string]bool // imported symbols that may be missing
}

// maxAlign bounds the alignment of memory, log2: the guest's own is 16.
const maxAlign = 16

// parseDylink decodes the payload of dylink.0.
func parseDylink(b []byte) (*dylink, error) {
	if b == nil {
		return nil, errors.New("not a shared library: no section dylink.0")
	}
	d := &dylink{weak: map[string]bool{}}
	r := &reader{b: b}
	for r.more() {
		id := r.byte()
		sub := &reader{b: r.bytes(r.u32())}
		switch id {
		case dylinkMemInfo:
			d.memSize, d.memAlign = sub.u32(), sub.u32()
			d.tableSize, d.tableAlign = sub.u32(), sub.u32()
		case dylinkNeeded:
			for n := sub.count(); n > 0 && sub.err == nil; n-- {
				d.needed = append(d.needed, sub.name())
			}
		case dylinkImportInfo:
			for n := sub.count(); n > 0 && sub.err == nil; n-- {
				sub.name() // module
				if name := sub.name(); sub.u32()&symbolBindingWeak != 0 {
					d.weak[name] = true
				}
			}
		}
		if sub.err != nil {
			return nil, fmt.Errorf("section dylink.0, part %d: %w", id, sub.err)
		}
	}
	if d.memAlign > maxAlign || d.tableAlign > maxAlign {
		return nil, fmt.Errorf("section dylink.0: alignment of 2^%d", max(d.memAlign, d.tableAlign))
	}
	if d.memSize > maxData {
		return nil, fmt.Errorf("section dylink.0: %d bytes of data", d.memSize)
	}
	return d, r.err
}
