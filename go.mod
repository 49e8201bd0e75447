module github.com/calfdb/calf

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/klauspost/compress v1.20.3 // dumps: zstd
	github.com/pgvector/pgvector-go v0.3.0
	github.com/pierrec/lz4/v4 v4.1.33 // dumps: lz4
	github.com/spf13/cobra v1.10.2 // cmd/calf: commands and flags
	github.com/spf13/pflag v1.0.9 // cmd/calf: flags; cobra's own
	github.com/stretchr/testify v1.12.1
	github.com/tetratelabs/wazero v1.12.0
	go.uber.org/goleak v1.3.0
	golang.org/x/sync v0.22.0 // errgroup and a semaphore; pgx needs it, too
	golang.org/x/sys v0.49.0
	golang.org/x/text v0.41.0 // cmd/calf: the width of East Asian characters; dumps: encodings; pgx needs it, too
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
