// Package vfstest has volumes that misbehave as disks do, for tests.
//
// A [Disk] knows what would be left if the power failed: [Disk.Crash] returns
// it. [Faults] makes operations of any volume fail. [Wrap] lets a test watch
// or intercept every operation. They go on top of each other:
//
//	disk := vfstest.NewDisk(files, vfstest.Rules{})
//	faults := vfstest.NewFaults(disk)
//	faults.Set(vfstest.Fault{Ops: vfstest.Any, After: 1000, Err: vfs.EIO}) // the power fails
//	... start a cluster on faults, work, stop it ...
//	left := disk.Crash(seed) // start another on this
package vfstest
