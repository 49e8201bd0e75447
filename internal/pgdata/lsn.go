package pgdata

import "fmt"

// LSN is a position in the write-ahead log, in bytes since its beginning (XLogRecPtr). 0 is none.
type LSN uint64

// String returns the position as PostgreSQL 16 to 18 write it, such as 0/16B3748.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }
