package runtime

import (
	"context"
	"fmt"
)

// Where a configuration is read (guc.h): by the postmaster after SIGHUP.
const pgcSighup = 2

// Reload reads the configuration files again, postgresql.conf, pg_hba.conf and
// pg_ident.conf, as SIGHUP makes PostgreSQL's postmaster do, and returns when
// new sessions go by them. What is wrong in them is in the server log; a
// pg_hba.conf or pg_ident.conf with a mistake leaves all rules as they were.
func (c *Cluster) Reload(ctx context.Context) error { return c.inPostmaster(ctx, (*postmaster).reload) }

// inPostmaster calls f with the postmaster, once there is one, which does not
// stop meanwhile. It does not wait for f longer than ctx lasts.
func (c *Cluster) inPostmaster(ctx context.Context, f func(*postmaster) error) error {
	pm, err := c.postmaster(ctx)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	if !pm.background(func() { done <- f(pm) }) {
		return ErrClosed
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// reload is process_pm_reload_request (postmaster.c): it reads the
// configuration files again, here and in all processes.
func (pm *postmaster) reload() error {
	err := pm.locked(func() error {
		p, g := pm.proc, pm.proc.guest
		err := caught(func() {
			p.ereport(report{level: levelLog, message: "received SIGHUP, reloading configuration files"})
			p.must("ProcessConfigFile", pgcSighup)
			for _, f := range []struct{ load, name string }{{"load_hba", "HbaFileName"}, {"load_ident", "IdentFileName"}} {
				if p.must(f.load)&1 == 0 {
					p.ereport(report{level: levelLog, message: g.CString(g.Load32(g.Address(f.name))) + " was not reloaded"})
				}
			}
		})
		if err != nil {
			return err
		}
		if err := pm.configure(); err != nil {
			return err
		}
		pm.showListening()
		return pm.refreeze()
	})
	if err != nil {
		err = fmt.Errorf("runtime: reloading the configuration: %w", err)
		_, _ = pm.c.log.Write(fmt.Appendf(nil, "calf: %v\n", err))
	}
	for _, ch := range pm.children() {
		ch.post(sigHUP)
	}
	pm.relaunch()
	if pm.c.cfg.OnReload != nil {
		pm.c.cfg.OnReload()
	}
	return err
}

// refreeze makes later processes start with what the postmaster knows now. It
// is called with the turn.
func (pm *postmaster) refreeze() (err error) {
	im := *pm.image.Load()
	if im.mem, err = pm.proc.guest.Mem.Refreeze(); err == nil {
		pm.image.Store(&im)
	}
	return err
}
