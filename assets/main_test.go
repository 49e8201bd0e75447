package assets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand in for two other programs: npm, when its first argument is one of npm's
// commands, and a process that installs until it is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "pack" {
		fakeNPM(os.Args[2])
	}
	if dir := os.Getenv("CALF_TEST_INSTALL_FOREVER"); dir != "" {
		installForever(dir)
	}
	if os.Getenv("GORACE") == "" {
		// Else each process that stands in for npm takes a second to end, when the race detector is on.
		must(os.Setenv("GORACE", "atexit_sleep_ms=0"))
	}
	goleak.VerifyTestMain(m)
}

// fakeNPM does what `npm pack SPEC` does on a day that the package's scope names.
func fakeNPM(spec string) {
	name, _, _ := strings.Cut(spec[1:], "@")
	name = "@" + name
	pkg := fakePackage(name)
	switch scope, _, _ := strings.Cut(name, "/"); scope {
	case "@offline":
		fmt.Fprint(os.Stderr, "npm warn config something\nnpm error code ENOTFOUND\nnpm error syscall getaddrinfo\n",
			"npm error errno ENOTFOUND\nnpm error network request to https://packages.invalid failed\x1b[0m, no such host\n",
			"npm error network This is a problem related to network connectivity.\n")
		os.Exit(1)
	case "@mute":
		os.Exit(7)
	case "@strange":
		fmt.Fprint(os.Stderr, "node: bad option\nFatal: cannot start\n\n")
		os.Exit(9)
	case "@hanging":
		if strings.HasSuffix(name, "/extra") {
			time.Sleep(time.Hour)
		}
	case "@tampered":
		pkg[len(pkg)/2] ^= 1
	case "@truncated":
		pkg = pkg[:len(pkg)/2]
	case "@nothing":
		os.Exit(0)
	}
	must(os.WriteFile(strings.NewReplacer("@", "", "/", "-").Replace(name)+"-"+fakeVersion+".tgz", pkg, 0o644))
	os.Exit(0)
}

// installForever installs again and again from the tarballs in the folder tgz beside dir, and prints a line each time.
// Each installation derives a file with its number, so that two of them differ.
func installForever(dir string) {
	from, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "tgz", "*.tgz"))
	must(err)
	for n := 0; ; n++ {
		config := InstallConfig{Dir: dir, From: from, lock: fakeLock("given")}
		config.Derive = func(_ context.Context, _ *Set, dst string) ([]DerivedFile, error) {
			text := strconv.Itoa(n)
			return []DerivedFile{{Name: "n", Key: text}}, os.WriteFile(filepath.Join(dst, "n"), []byte(text), 0o644)
		}
		_, err := Install(context.Background(), config)
		must(err)
		fmt.Println(n)
	}
}
