package vfs_test

import (
	"bytes"
	"fmt"
	"log"
	"os"

	"github.com/calfdb/calf/runtime/vfs"
)

// A cluster sees read-only files in memory, and its data directory.
func Example() {
	dir, err := os.MkdirTemp("", "calf")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	data, err := vfs.OpenHost(dir, vfs.HostOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()

	fs := vfs.New(vfs.Options{Stderr: os.Stdout})
	if err := fs.WriteFile("/pglite/password", []byte("password"), 0o600); err != nil {
		log.Fatal(err)
	}
	if err := fs.Mount("/pglite/data", data); err != nil {
		log.Fatal(err)
	}

	// What the system calls of a process do.
	process := vfs.NewTable()
	defer process.CloseAll()
	f, err := fs.OpenAt(nil, "/pglite/data/PG_VERSION", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	fd, err := process.Open(f)
	if err != nil {
		log.Fatal(err)
	}
	n, err := f.Write([]byte("18\n"))
	fmt.Println(fd, n, err)
	_, err = fs.OpenAt(nil, "/pglite/data/base", vfs.O_RDONLY, 0)
	fmt.Println(int(vfs.ErrnoOf(err)), vfs.ErrnoOf(err))
	// Output:
	// 0 3 <nil>
	// 44 no such file or directory
}

func ExampleMemory_Fork() {
	template := vfs.NewMemory(0)
	if err := template.WriteFile("PG_VERSION", []byte("18\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	test := template.Fork() // whatever its size, in well under a millisecond
	if err := test.Unlink("PG_VERSION"); err != nil {
		log.Fatal(err)
	}
	var archive bytes.Buffer
	fmt.Println(vfs.WriteTar(template, &archive, "."), archive.Len())
	_, err := test.Lstat("PG_VERSION")
	fmt.Println(err)
	// Output:
	// <nil> 2048
	// no such file or directory
}
