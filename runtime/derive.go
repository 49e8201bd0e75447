package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/vfs"
)

// Derived files: what is made from the guest once, when it is installed, so
// that opening a database does not have to. The keys change with the code that
// makes the files; a file with another key is ignored.
const (
	linkedWasm  = "linked.wasm"
	linkedData  = "linked.data"
	linkedTable = "linked.json"

	templateTar = "template.tar"
	templateKey = "template-2"
)

// Derive makes the derived files of an installation: the linked module and a
// cluster made by initdb with default options, from which new clusters are
// copied. It leaves compiled code in cacheDir. Give it to assets.Install.
func Derive(cacheDir string, progress func(doing string)) func(context.Context, *assets.Set, string) ([]assets.DerivedFile, error) {
	return func(ctx context.Context, set *assets.Set, dst string) ([]assets.DerivedFile, error) {
		progress("linking PostgreSQL")
		artifact, err := set.ReadFile("pglite.wasm")
		if err != nil {
			return nil, err
		}
		linked, err := link.Main(artifact)
		if err != nil {
			return nil, err
		}
		table, err := json.Marshal(linkedInfo{linked.Functions, linked.Imports})
		if err != nil {
			return nil, err
		}
		var files []assets.DerivedFile
		for name, content := range map[string][]byte{linkedWasm: linked.Wasm, linkedData: linked.Data, linkedTable: table} {
			if err := os.WriteFile(filepath.Join(dst, name), content, 0o644); err != nil {
				return nil, err
			}
			files = append(files, assets.DerivedFile{Name: name, Key: link.Version})
		}
		progress("compiling PostgreSQL")
		m, err := Load(ctx, Config{Assets: set, CacheDir: cacheDir})
		if err != nil {
			return nil, err
		}
		defer m.Close()
		progress("making the template cluster")
		if err := m.writeTemplate(ctx, filepath.Join(dst, templateTar)); err != nil {
			return nil, err
		}
		return append(files, assets.DerivedFile{Name: templateTar, Key: templateKey}), nil
	}
}

// writeTemplate makes the template cluster and writes it to a tar file.
func (m *Module) writeTemplate(ctx context.Context, path string) (err error) {
	data := vfs.NewMemory(0)
	defer data.Close()
	if err := m.InitDB(ctx, data, InitConfig{}); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	return vfs.WriteTar(data, f, ".")
}

// CopyTemplate fills an empty volume with a new cluster that has the default
// options, faster than InitDB can make it. It falls back to InitDB if the
// installation has no template.
func (m *Module) CopyTemplate(ctx context.Context, data vfs.Volume) error {
	tar, ok, err := m.assets.Derived(templateTar, templateKey)
	if err != nil {
		return fmt.Errorf("runtime: copying the template cluster: %w", err)
	}
	if !ok {
		return m.InitDB(ctx, data, InitConfig{})
	}
	if err := vfs.LoadTarBytes(data, tar, ".", vfs.TarOptions{}); err != nil {
		return fmt.Errorf("runtime: copying the template cluster: %w", err)
	}
	return nil
}

// Template returns a volume in memory with a new cluster as CopyTemplate makes
// it, in less than a millisecond after the first time. The caller closes it.
func (m *Module) Template(ctx context.Context) (*vfs.Memory, error) {
	m.templateMu.Lock()
	defer m.templateMu.Unlock()
	if m.template == nil {
		mem := vfs.NewMemory(0)
		if err := m.CopyTemplate(ctx, mem); err != nil {
			mem.Close()
			return nil, err
		}
		m.template = mem
	}
	return m.template.Fork(), nil
}

// DeriveLegacy is Derive for the group of an earlier major version: it leaves
// compiled code in cacheDir and derives no files.
func DeriveLegacy(major, cacheDir string, progress func(doing string)) func(context.Context, *assets.Set, string) ([]assets.DerivedFile, error) {
	return func(ctx context.Context, set *assets.Set, _ string) ([]assets.DerivedFile, error) {
		progress("compiling PostgreSQL " + major)
		l, err := LoadLegacy(ctx, major, Config{Assets: set, CacheDir: cacheDir})
		if err != nil {
			return nil, err
		}
		return nil, l.Close()
	}
}
