package schema_test

import (
	"context"
	"fmt"
	"log"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/schema"
)

func Example() {
	ctx := context.Background()
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	pool, err := db.Pool(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	steps, err := schema.Migrate(ctx, pool, schema.Meta(), schema.Latest)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range steps {
		fmt.Println("applied", step.Version, step.Name)
	}
	problems, err := schema.Validate(ctx, pool, schema.Meta())
	fmt.Println("problems:", len(problems), err)
	// Output:
	// applied 202406300001 databases
	// applied 202406300002 messages
	// applied 202411250001 message_model
	// problems: 0 <nil>
}
