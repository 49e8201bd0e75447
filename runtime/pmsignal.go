package runtime

// signal sends a signal to a process of this cluster. Whoever sends one to the
// postmaster has the turn.
func (pm *postmaster) signal(from *process, pid, sig int32) error {
	if pid == postmasterPID {
		pm.signalled(from, sig)
		return nil
	}
	pm.procMu.Lock()
	ch := pm.procs[pid]
	pm.procMu.Unlock()
	if ch == nil {
		return eSRCH
	}
	switch sig {
	case 0:
	case sigKILL:
		ch.kill9()
	default:
		ch.post(sig)
	}
	return nil
}

// checkpointer returns the checkpointer, or nil if none is running.
func (pm *postmaster) checkpointer() *process {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	for _, ch := range pm.procs {
		if ch.kind == bCheckpointer {
			return ch.process
		}
	}
	return nil
}

// Reasons for which processes signal their postmaster (pmsignal.h).
const (
	pmsignalStartAutovacLauncher = 4
	pmsignalStartAutovacWorker   = 5
	pmsignalXlogIsShutdown       = 9
)

// What follows the signals' flags in PMSignalData: why SIGQUIT was sent.
const (
	pmSigquitReason = 40
	pmquitForCrash  = 1
)

// signalled is told that a process, which has the turn, sent a signal to the
// postmaster.
func (pm *postmaster) signalled(from *process, sig int32) {
	switch sig {
	case sigHUP:
		pm.background(func() { _ = pm.reload() })
	case sigUSR1:
		g := from.guest // which sees shared memory as it is
		state := g.Load32(g.Address("PMSignalState"))
		taken := func(reason uint32) bool {
			set := g.Load32(state+4*reason) != 0
			g.Store32(state+4*reason, 0)
			return set
		}
		if taken(pmsignalXlogIsShutdown) {
			close(pm.xlogShutdown)
		}
		if taken(pmsignalStartAutovacLauncher) {
			pm.background(func() { _ = pm.launch(bAutovacLauncher) })
		}
		if taken(pmsignalStartAutovacWorker) {
			pm.background(func() { _, _ = pm.start(bAutovacWorker, nil) })
		}
	}
}

// background does f when the process that caused it has given up its turn. It
// reports false if the postmaster does nothing new any more.
func (pm *postmaster) background(f func()) bool {
	if !pm.begin() {
		return false
	}
	go func() {
		defer pm.starting.Done()
		f()
	}()
	return true
}
