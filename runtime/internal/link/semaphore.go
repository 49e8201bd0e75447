package link

import "bytes"

// waitForSemaphores makes the waiters of LWLocks wait. PostgreSQL has
//
//	for (;;) { PGSemaphoreLock(proc->sem); if (!proc->lwWaiting) break; extraWaits++; }
//
// and a build without semaphores compiles PGSemaphoreLock to nothing, so that
// a waiter would spin for ever. What is left of the call is a load of
// proc->sem (offset 12) that is dropped; both become a call of the sem_wait
// hook with the address of the flag that the loop looks at (lwWaiting, or that
// of the members of a group: procArrayGroupMember and clogGroupMember), which
// is a byte. It returns how many loops it found.
func (m *module) waitForSemaphores() int {
	found := 0
	for i, body := range m.code {
		for at := 0; ; {
			k := bytes.Index(body[at:], []byte{opI32Load, 2, 12, opDrop, opLocalGet})
			if k < 0 {
				break
			}
			at += k
			if flag, ok := semaphoreLoop(body, at); ok {
				wait := append(appendS64([]byte{opI32Const}, int64(flag)), opI32Add)
				body = bytes.Join([][]byte{body[:at], wait, call(hookSemWait), body[at+4:]}, nil)
				m.code[i] = body
				found++
			}
			at += 4
		}
	}
	return found
}

// semaphoreLoop reports whether the dropped load at position at is the start
// of a loop that counts its rounds, and the offset in struct PGPROC of the
// flag that it ends with.
func semaphoreLoop(body []byte, at int) (flag uint32, ok bool) {
	if at < 4 || at+12 > len(body) {
		return 0, false
	}
	before, after := body[at-4:at], body[at+4:at+12]
	if before[0] != opLoop || before[1] != 0x40 || before[2] != opLocalGet ||
		after[0] != opLocalGet || after[2] != opLocalTee ||
		after[4] != opI32Const || after[5] != 1 || after[6] != opI32Add || after[7] != opLocalSet {
		return 0, false
	}
	r := reader{b: body, pos: at + 13} // after the variable that is set
	for r.more() {
		arg := reader{b: body, pos: r.pos + 1}
		switch r.instr() {
		case opI32Load8U:
			arg.u32() // the alignment
			return arg.u32(), r.err == nil
		case opLocalGet, opI32Const, opI32Load, opLocalTee: // the proc, which may be read again from MyProc
		default:
			return 0, false
		}
	}
	return 0, false
}
