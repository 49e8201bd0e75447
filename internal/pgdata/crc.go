package pgdata

import "hash/crc32"

// castagnoli is the polynomial of pg_crc32c (port/pg_crc32c.h), which PostgreSQL uses in its control file, its
// relation maps and its write-ahead log.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func crc32c(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
