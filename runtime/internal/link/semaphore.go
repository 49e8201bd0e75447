package link

import "bytes"

// waitForSemaphores makes the waiters of LWLocks wait. PostgreSQL has
//
//	for (;;) { PGSemaphoreLock(proc->sem); if (!proc->lwWaiting) break; extraWaits++; }
//
// and a build without semaphores compiles PGSemaphoreLock to nothing, so that
// a waiter would spin for ever. What is left of the call is a load of
// proc->sem (offset 12) that is dropped; the drop becomes a call of the
// sem_wait hook. It returns how many loops it found.
func (m *module) waitForSemaphores() int {
	found := 0
	for i, body := range m.code {
		for at := 0; ; {
			k := bytes.Index(body[at:], []byte{opI32Load, 2, 12, opDrop, opLocalGet})
			if k < 0 {
				break
			}
			at += k
			if semaphoreLoop(body, at) {
				body = bytes.Join([][]byte{body[:at+3], call(hookSemWait), body[at+4:]}, nil)
				m.code[i] = body
				found++
			}
			at += 4
		}
	}
	return found
}

// semaphoreLoop reports whether the dropped load at position at is the start
// of a loop that counts its rounds.
func semaphoreLoop(body []byte, at int) bool {
	if at < 4 || at+12 > len(body) {
		return false
	}
	before, after := body[at-4:at], body[at+4:at+12]
	return before[0] == opLoop && before[1] == 0x40 && before[2] == opLocalGet &&
		after[0] == opLocalGet && after[2] == opLocalTee &&
		after[4] == opI32Const && after[5] == 1 && after[6] == opI32Add && after[7] == opLocalSet
}
