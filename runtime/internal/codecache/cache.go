// Package codecache keeps machine code that wazero has compiled, for all
// programs of a user. wazero can do that, too, but it goes by what a binary
// knows of its own build: a program and its test would each compile, and tests
// would run what another version has compiled. It lets everybody compile who
// comes at the same time, and it believes files that are damaged.
//
// So wazero gets a folder of its own for the time that it takes to load a
// module. The files are kept by their content, in
//
//	DIR/wazero-VERSION-OS-ARCH-FEATURES/
//	    KEY.NAME.SUM    the machine code of a module
//	    KEY.lock        is held by who compiles it
//	    work-X/         wazero's folder
//
// Nothing depends on a lock but time: what two have compiled is the same.
package codecache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/tetratelabs/wazero"
)

// A Cache keeps what the runtimes compile that are made with its Config. It is
// safe for concurrent use.
type Cache struct {
	folder  string
	work    string // wazero's folder
	inner   string // and the one in it for files
	version string // wazero's, as it finds it in the binary
	wazero  wazero.CompilationCache
	log     *slog.Logger

	// turn holds a token while wazero's folder is not used.
	turn chan struct{}
}

const (
	workPrefix = "work-"
	lockEnding = ".lock"
)

// Open returns the cache in a folder, which it makes if need be. A folder that
// cannot be written is read. Where nothing can be kept or read, Open tells the
// logger why and returns nil, which is a cache that keeps nothing.
func Open(dir string, log *slog.Logger) *Cache {
	c := &Cache{log: log, turn: make(chan struct{}, 1)}
	if err := c.open(dir); err != nil {
		log.Info("compiled code is not kept", "folder", dir, "error", err)
		return nil
	}
	sweep(dir, time.Now())
	c.turn <- struct{}{}
	return c
}

// open makes wazero's folder, and finds out what wazero wants in it.
func (c *Cache) open(dir string) error {
	dir, err := filepath.Abs(dir) // the program may go elsewhere
	if err != nil {
		return err
	}
	c.folder = filepath.Join(dir, folderName())
	err = os.MkdirAll(c.folder, 0o700)
	if err == nil {
		c.work, err = os.MkdirTemp(c.folder, workPrefix)
	}
	if err != nil {
		if _, e := os.Stat(c.folder); e != nil {
			return err
		}
		c.log.Info("compiled code is read and not kept", "folder", c.folder, "error", err)
		if c.work, err = os.MkdirTemp("", "calf-"+workPrefix); err != nil {
			return err
		}
	}
	defer os.RemoveAll(c.work)
	if c.wazero, err = wazero.NewCompilationCacheWithDir(c.work); err != nil {
		return err
	}
	const prefix = "wazero-"
	var suffix = "-" + runtime.GOARCH + "-" + runtime.GOOS
	list, err := os.ReadDir(c.work)
	if err != nil {
		return err
	}
	if len(list) != 1 || !strings.HasPrefix(list[0].Name(), prefix) || !strings.HasSuffix(list[0].Name(), suffix) {
		return fmt.Errorf("BUG: wazero has other folders than known: %v", list)
	}
	c.inner = filepath.Join(c.work, list[0].Name())
	c.version = strings.TrimSuffix(strings.TrimPrefix(list[0].Name(), prefix), suffix)
	return nil
}

// Config returns the configuration of a runtime that uses the cache.
func (c *Cache) Config(rc wazero.RuntimeConfig) wazero.RuntimeConfig {
	if c == nil {
		return rc
	}
	return rc.WithCompilationCache(c.wazero)
}

// Close releases what has been compiled, after the runtimes are closed.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	return c.wazero.Close(context.Background())
}

// patience is how long one waits for another who compiles. He may have been
// suspended.
const patience = 5 * time.Minute

// Compile is CompileModule of a runtime that has the cache's Config. It loads
// what anybody has compiled before, and waits while somebody does, until ctx
// ends. What names the module for the logger.
func (c *Cache) Compile(ctx context.Context, rt wazero.Runtime, what string, wasm []byte) (wazero.CompiledModule, error) {
	if c == nil {
		return rt.CompileModule(ctx, wasm)
	}
	key := key(wasm)
	log := c.log.With("what", what)
	if e, ok := find(c.folder, key); ok {
		return c.compile(ctx, rt, log, key, wasm, e)
	}
	lock, err := c.lock(ctx, log, key)
	if err != nil {
		return nil, err
	}
	if lock != nil {
		defer filelock.Remove(lock)
	}
	e, _ := find(c.folder, key)
	return c.compile(ctx, rt, log, key, wasm, e)
}

// key is calf's name for a module.
func key(wasm []byte) string {
	sum := sha256.Sum256(wasm)
	return hex.EncodeToString(sum[:16])
}

// lock takes the lock of a module, if that can be had in time.
func (c *Cache) lock(ctx context.Context, log *slog.Logger, key string) (*os.File, error) {
	path := filepath.Join(c.folder, key+lockEnding)
	lock, err := filelock.Open(path)
	if errors.Is(err, filelock.ErrHeld) {
		log.Info("waiting for another who compiles the same")
		limited, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		lock, err = filelock.Wait(limited, path)
	}
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		log.Debug("compiling without a lock", "error", err)
	}
	return lock, nil
}

// compile has wazero load an entry or, if it is nil, compile, and keeps the
// outcome.
func (c *Cache) compile(ctx context.Context, rt wazero.Runtime, log *slog.Logger, key string, wasm []byte, e *entry) (wazero.CompiledModule, error) {
	select {
	case <-c.turn:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { c.turn <- struct{}{} }()
	defer os.RemoveAll(c.work)
	err := os.MkdirAll(c.inner, 0o700)
	if err == nil && e != nil {
		err = e.place(c.inner, c.version)
	}
	if err != nil {
		log.Info("compiled code cannot be loaded", "error", err)
		_ = os.RemoveAll(c.inner) // so that wazero sees nothing or all of it
		e = nil
	}
	if e == nil {
		log.Debug("compiling")
	}
	start := time.Now()
	cm, err := rt.CompileModule(ctx, wasm)
	if err != nil && ctx.Err() == nil {
		// If it could not write its file, it has what it compiled in memory,
		// and finds it there.
		_ = os.RemoveAll(c.inner)
		failure := err
		if cm, err = rt.CompileModule(ctx, wasm); err == nil {
			log.Info("compiled code cannot be kept", "error", failure)
		}
	}
	if err != nil {
		return nil, err
	}
	if e == nil {
		log.Debug("compiled", "took", time.Since(start))
	} else {
		e.used()
	}
	c.keep(log, key, e)
	return cm, nil
}

// keep keeps what wazero has written.
func (c *Cache) keep(log *slog.Logger, key string, loaded *entry) {
	list, _ := os.ReadDir(c.inner)
	for _, f := range list {
		if loaded != nil && f.Name() == loaded.name {
			continue
		}
		if err := keep(c.folder, key, filepath.Join(c.inner, f.Name())); err != nil {
			log.Info("compiled code cannot be kept", "error", err)
		}
	}
}
