package runtime

import "strings"

// A sqlError is an error that the host raises in a process.
type sqlError struct{ state, message, detail, hint string }

const elevelError = 21 // ERROR of elog.h

// raise does what ereport(ERROR) does in C: it unwinds the process to where it
// catches errors, and so does not return. It is called in host functions.
func (p *process) raise(e sqlError) {
	p.mustCall("errstart", elevelError, 0)
	p.mustCall("errcode", uint64(sqlStateCode(e.state)))
	for _, part := range []struct{ function, text string }{
		{"errmsg_internal", e.message}, {"errdetail_internal", e.detail}, {"errhint", e.hint},
	} {
		if part.text != "" {
			format, args := p.pushFormat(part.text)
			p.mustCall(part.function, format, args)
		}
	}
	p.mustCall("errfinish", 0, 0, 0)
	panic("BUG: errfinish returned")
}

// mustCall calls a function of the guest that only fails by unwinding it.
func (p *process) mustCall(name string, args ...uint64) uint64 {
	v, err := p.guest.Call(name, args...)
	if err != nil {
		panic(err)
	}
	return v
}

// pushFormat puts a text on the stack of the guest, as the format of a function
// like printf, and an empty list of arguments. They are gone when the function
// of the guest returns that has called the host.
func (p *process) pushFormat(text string) (format, args uint64) {
	text = strings.ReplaceAll(text, "%", "%%") + "\x00"
	const room = 16
	sp := (p.guest.StackPointer() - uint32(len(text)) - room) &^ 15
	p.guest.SetStackPointer(sp)
	clear(p.guest.Bytes(sp, room))
	copy(p.guest.Bytes(sp+room, uint32(len(text))), text)
	return uint64(sp + room), uint64(sp)
}

// sqlStateCode is MAKE_SQLSTATE of elog.h.
func sqlStateCode(state string) uint32 {
	var code uint32
	for i := range len(state) {
		code |= uint32(state[i]-'0') & 0x3f << (6 * i)
	}
	return code
}
