package vfstest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestSyncedContentStays(t *testing.T) {
	t.Parallel()
	d, u := newDisk(t, Rules{})
	u.make("file", "durable")
	require.Equal(t, []string{"durable"}, keys(outcomes(t, d, "file")))
	u.write("file", 0, "changed")
	require.Equal(t, []string{"changed", "durable"}, keys(outcomes(t, d, "file")))
	u.write("file", 0, "another")
	require.Equal(t, []string{"another", "changed", "durable"}, keys(outcomes(t, d, "file")), "any state since the last Sync")
	u.sync("file")
	require.Equal(t, []string{"another"}, keys(outcomes(t, d, "file")))
}

// A page of PostgreSQL is 16 sectors, each of which may be old or new.
func TestPagesTear(t *testing.T) {
	t.Parallel()
	const page = 8192
	d, u := newDisk(t, Rules{})
	u.make("file", strings.Repeat("a", 3*page))
	u.write("file", page, strings.Repeat("b", page))
	kinds := map[string]bool{}
	for seed := range uint64(200) {
		content := files(t, d.Crash(seed))["file"]
		require.Len(t, content, 3*page)
		require.NotContains(t, content[:page]+content[2*page:], "b", "what was not written does not change")
		news := 0
		for s := 0; s < page; s += sector {
			part := content[page+s : page+s+sector]
			require.Contains(t, []string{strings.Repeat("a", sector), strings.Repeat("b", sector)}, part, "sectors do not tear")
			news += strings.Count(part, "b") / sector
		}
		switch {
		case news == 0:
			kinds["old"] = true
		case news == page/sector:
			kinds["new"] = true
		case content[page:page+cachePage] == strings.Repeat(content[page:page+1], cachePage):
			kinds["half"] = true
		default:
			kinds["torn"] = true
		}
	}
	require.Equal(t, map[string]bool{"old": true, "new": true, "half": true, "torn": true}, kinds)
}

func TestSizes(t *testing.T) {
	t.Parallel()
	d, u := newDisk(t, Rules{})
	u.make("file", "0123456789")
	h := u.write("file", 600, "x")
	for content := range outcomes(t, d, "file") {
		require.Contains(t, []int{10, 601}, len(content))
		require.Equal(t, "0123456789", content[:10])
		require.Empty(t, strings.Trim(content[10:], "\x00x"), "a hole is zeros")
	}
	require.NoError(t, h.Sync(true))
	require.Len(t, keys(outcomes(t, d, "file")), 1, "fdatasync makes the size durable that the content needs")

	require.NoError(t, h.Truncate(5))
	got := keys(outcomes(t, d, "file"))
	require.Contains(t, got, "01234")
	require.Contains(t, got, "0123456789"+strings.Repeat("\x00", 590)+"x", "what was cut off may be back")
	require.NoError(t, h.Sync(true))
	require.Equal(t, []string{"01234"}, keys(outcomes(t, d, "file")))
	require.NoError(t, h.Allocate(0, 7))
	require.Equal(t, []string{"01234", "01234\x00\x00"}, keys(outcomes(t, d, "file")))
	_, end, err := h.Append([]byte("!"))
	require.NoError(t, err)
	require.EqualValues(t, 8, end)
	require.Contains(t, keys(outcomes(t, d, "file")), "01234\x00\x00!")
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		rules Rules
		do    func(user)
		file  string
		want  []string
	}{
		{"made", Rules{}, func(u user) { u.open("new") }, "new", []string{"", "none"}},
		{"directory synced", Rules{}, func(u user) { u.open("new"); u.sync(".") }, "new", []string{""}},
		{"file synced", Rules{}, func(u user) { u.write("new", 0, "x"); u.sync("new") }, "new", []string{"x"}},
		{"file synced, strictly", Rules{StrictNames: true}, func(u user) { u.write("new", 0, "x"); u.sync("new") }, "new", []string{"none", "x"}},
		{"directory synced, not the file", Rules{}, func(u user) { u.write("new", 0, "x"); u.sync(".") }, "new", []string{"", "\x00", "x"}},
		{"replaced", Rules{}, func(u user) {
			u.write("new", 0, "new")
			u.sync("new")
			require.NoError(u, u.v.Rename("new", "old"))
		}, "old", []string{"new", "old"}},
		{"replaced durably", Rules{StrictNames: true}, func(u user) {
			u.write("new", 0, "new")
			u.sync("new")
			require.NoError(u, u.v.Rename("new", "old"))
			u.sync(".")
		}, "old", []string{"new"}},
		{"removed", Rules{}, func(u user) { require.NoError(u, u.v.Unlink("old")) }, "old", []string{"none", "old"}},
		{"removed durably", Rules{}, func(u user) { require.NoError(u, u.v.Unlink("old")); u.sync(".") }, "old", []string{"none"}},
		{"removed and made again", Rules{}, func(u user) {
			require.NoError(u, u.v.Unlink("old"))
			u.write("old", 0, "again")
			u.sync("old")
		}, "old", []string{"again"}},
		{"removed while it changes", Rules{}, func(u user) {
			u.write("old", 0, "OLD")
			require.NoError(u, u.v.Unlink("old"))
		}, "old", []string{"OLD", "none", "old"}},
		{"in a new directory", Rules{}, func(u user) {
			require.NoError(u, u.v.Mkdir("dir", 0o700))
			u.make("dir/new", "x")
		}, "dir/new", []string{"x"}},
		{"in a new directory, strictly", Rules{StrictNames: true}, func(u user) {
			require.NoError(u, u.v.Mkdir("dir", 0o700))
			u.make("dir/new", "x")
		}, "dir/new", []string{"none", "x"}},
		{"in a renamed directory", Rules{}, func(u user) {
			require.NoError(u, u.v.Mkdir("dir", 0o700))
			u.make("dir/new", "x")
			require.NoError(u, u.v.Rename("dir", "to"))
			u.sync(".")
		}, "to/new", []string{"x"}},
		{"linked", Rules{}, func(u user) { require.NoError(u, u.v.Link("old", "new")); u.sync(".") }, "new", []string{"old"}},
		{"symbolic link", Rules{}, func(u user) { require.NoError(u, u.v.Symlink("old", "new")) }, "new", []string{"-> old", "none"}},
		{"directory removed", Rules{}, func(u user) {
			require.NoError(u, u.v.Mkdir("dir", 0o700))
			u.sync(".")
			require.NoError(u, u.v.Rmdir("dir"))
		}, "dir", []string{"/", "none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, u := newDisk(t, test.rules)
			u.make("old", "old")
			test.do(u)
			require.Equal(t, test.want, keys(outcomes(t, d, test.file)))
		})
	}
}

// What was done to one name was done in order.
func TestOrderOfNames(t *testing.T) {
	t.Parallel()
	d, u := newDisk(t, Rules{})
	u.open("a")
	require.NoError(t, u.v.Rename("a", "b"))
	require.NoError(t, u.v.Rename("b", "c"))
	u.open("other")
	seen := map[string]int{}
	for seed := range uint64(300) {
		names := slices.Sorted(maps.Keys(files(t, d.Crash(seed))))
		seen[strings.Join(names, " ")]++
	}
	require.Equal(t, []string{"", "a", "a other", "b", "b other", "c", "c other", "other"}, keys(seen))
}

// A failed Sync loses what it should have written, for good, and nobody notices.
func TestLostWrites(t *testing.T) {
	t.Parallel()
	d, u := newDisk(t, Rules{})
	f := NewFaults(d)
	u.v = f
	u.make("file", strings.Repeat("a", 2*cachePage))
	h := u.write("file", 0, strings.Repeat("b", 3*cachePage))
	f.Set(Fault{Ops: Sync, Times: 1, Err: vfs.EIO, Lose: true})
	require.ErrorIs(t, h.Sync(false), vfs.EIO)
	require.NoError(t, h.Sync(false), "the kernel has forgotten")
	require.Equal(t, strings.Repeat("b", 3*cachePage), files(t, d)["file"], "programs see it")
	require.Equal(t, []string{strings.Repeat("a", 2*cachePage)}, keys(outcomes(t, d, "file")))

	_, err := h.WriteAt([]byte("c"), cachePage+1)
	require.NoError(t, err)
	require.NoError(t, h.Sync(false))
	want := strings.Repeat("a", cachePage) + "bc" + strings.Repeat("b", cachePage-2)
	require.Equal(t, []string{want}, keys(outcomes(t, d, "file")), "pages that are written again")
}

func TestSyncLies(t *testing.T) {
	t.Parallel()
	d, u := newDisk(t, Rules{SyncLies: true})
	u.make("file", "x")
	require.Contains(t, outcomes(t, d, "file"), "none")
}

// A Disk is made of what was there, which is durable, and what a crash leaves
// makes the next one.
func TestCrashAfterCrash(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	u := user{t, m}
	require.NoError(t, m.Mkdir("dir", 0o750))
	require.NoError(t, m.Symlink("file", "dir/link"))
	u.write("dir/file", 0, "x")
	want := files(t, m)
	for seed := range uint64(10) {
		m = NewDisk(m, Rules{}).Crash(seed)
		require.Equal(t, want, files(t, m))
	}
	st, err := m.Lstat("dir")
	require.NoError(t, err)
	require.EqualValues(t, vfs.S_IFDIR|0o750, st.Mode)
}

// TestRandom does random things and compares the extremes: with everything the
// files are what programs saw, with nothing what they were at the last moment
// when all was synced. Other outcomes repeat.
func TestRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d, u := newDisk(t, Rules{StrictNames: seed%2 == 0})
			again, v := newDisk(t, Rules{StrictNames: seed%2 == 0})
			r, s := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 1))
			durable := files(t, d)
			for range 20 {
				for range 20 {
					u.random(r)
					v.random(s)
				}
				rnd := rand.New(rand.NewPCG(seed, 2))
				require.Equal(t, files(t, d), files(t, d.crash(rnd, everything, everything)))
				require.Equal(t, durable, files(t, d.crash(rnd, nothing, nothing)))
				require.Equal(t, files(t, d.Crash(seed)), files(t, again.Crash(seed)))
				if r.IntN(3) == 0 {
					u.syncAll(".")
					durable = files(t, d)
				}
				if s.IntN(3) == 0 {
					v.syncAll(".")
				}
			}
		})
	}
}
