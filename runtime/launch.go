package runtime

import (
	"errors"
	"fmt"
)

// launchMissing is LaunchMissingBackgroundProcesses (postmaster.c): it starts
// the processes that work beside the backends, as far as the settings want them
// and they do not run, at the start, after a reload and when one has ended.
func (pm *postmaster) launchMissing() error {
	on := map[string]bool{}
	err := pm.locked(func() error {
		for _, name := range []string{"autovacuum", "track_counts", "summarize_wal"} {
			value, err := pm.proc.option(name)
			if err != nil {
				return err
			}
			on[name] = value == "on"
		}
		return nil
	})
	if err != nil {
		return err
	}
	beside := !pm.c.cfg.NoBackground
	wanted := map[backendType]bool{
		bBgWriter: beside, bWalWriter: beside,
		bAutovacLauncher: beside && on["autovacuum"] && on["track_counts"],
		bWalSummarizer:   on["summarize_wal"],
	}
	for _, kind := range permanent {
		if !wanted[kind] {
			continue
		}
		if err := pm.launch(kind); err != nil {
			return fmt.Errorf("starting the %v: %w", kind, err)
		}
	}
	return nil
}

// permanent are the processes that launchMissing starts, in this order.
var permanent = []backendType{bBgWriter, bWalWriter, bAutovacLauncher, bWalSummarizer}

// launch starts a process of which there is one at a time, unless it runs.
func (pm *postmaster) launch(kind backendType) error {
	pm.launching.Lock()
	defer pm.launching.Unlock()
	for _, ch := range pm.children() {
		if ch.kind == kind {
			return nil
		}
	}
	_, err := pm.start(kind, nil)
	return err
}

// relaunch is launchMissing for a postmaster that nobody waits for.
func (pm *postmaster) relaunch() {
	pm.background(func() {
		if err := pm.launchMissing(); err != nil && !errors.Is(err, errStopping) && pm.crashError() == nil {
			_, _ = pm.c.log.Write(fmt.Appendf(nil, "calf: %v\n", err))
		}
	})
}

// option returns the value of a configuration parameter. The process has the
// turn.
func (p *process) option(name string) (value string, err error) {
	return value, caught(func() {
		s := p.guest.NewString(name)
		value = p.guest.CString(uint32(p.must("GetConfigOption", uint64(s), 0, 0)))
		p.must("free", uint64(s))
	})
}
