package libraries

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/calfdb/calf/pglite"
)

// gormInMemory opens gorm on a database in this process. The handle that DB.SQL gives is closed by gorm.DB.DB().Close.
func gormInMemory(db *pglite.DB, cfg *gorm.Config) (*gorm.DB, error) {
	return gorm.Open(postgres.New(postgres.Config{Conn: db.SQL()}), cfg)
}

// openGorm opens gorm on a target.
func openGorm(t *testing.T, on target) *gorm.DB {
	t.Helper()
	cfg := &gorm.Config{TranslateError: true, Logger: logger.Discard}
	var db *gorm.DB
	var err error
	switch {
	case on.pooled:
		db, err = gorm.Open(postgres.New(postgres.Config{Conn: on.sql(t)}), cfg)
	case on.db != nil:
		db, err = gormInMemory(on.db, cfg)
	default:
		db, err = gorm.Open(postgres.Open(on.url), cfg)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		handle, err := db.DB()
		require.NoError(t, err)
		require.NoError(t, handle.Close())
	})
	return db
}

type gormAuthor struct {
	ID        uuid.UUID      `gorm:"type:uuid;default:gen_random_uuid()"`
	Name      string         `gorm:"not null;uniqueIndex"`
	Born      time.Time      `gorm:"type:date"`
	Languages pq.StringArray `gorm:"type:text[]"`
	Books     []gormBook     `gorm:"foreignKey:AuthorID"`
}

type gormBook struct {
	gorm.Model
	AuthorID uuid.UUID
	Author   gormAuthor
	Title    string         `gorm:"index"`
	Pages    int            `gorm:"check:pages > 0"`
	Details  map[string]any `gorm:"type:jsonb;serializer:json"`
	Cover    []byte
	Tags     []gormTag `gorm:"many2many:gorm_book_tags"`
}

type gormTag struct {
	Name string `gorm:"primaryKey"`
}

var errGormNo = errors.New("no")

func TestGorm(t *testing.T) {
	eachSQL(t, func(t *testing.T, on target) {
		db := openGorm(t, on).WithContext(bounded(t))
		for range 2 { // the second time it finds all as it should be
			require.NoError(t, db.AutoMigrate(&gormAuthor{}, &gormBook{}, &gormTag{}))
		}
		columns, err := db.Migrator().ColumnTypes(&gormAuthor{})
		require.NoError(t, err)
		require.Len(t, columns, 4)
		require.Equal(t, "uuid", columns[0].DatabaseTypeName())
		require.True(t, db.Migrator().HasIndex(&gormBook{}, "Title"))

		ada := gormAuthor{Name: "Ada", Born: time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC), Languages: pq.StringArray{"en", `fr "fr"`}, Books: []gormBook{
			{Title: "Notes", Pages: 66, Details: map[string]any{"letters": []any{"A", "G"}}, Cover: []byte{0, 1, 0xff}, Tags: []gormTag{{"machines"}, {"numbers"}}},
			{Title: "Letters", Pages: 400, Tags: []gormTag{{"numbers"}}},
		}}
		require.NoError(t, db.Create(&ada).Error)
		require.NotEqual(t, uuid.Nil, ada.ID, "by the server")

		t.Run("Relations", func(t *testing.T) {
			var got gormAuthor
			require.NoError(t, db.Preload("Books.Tags").Preload("Books", func(db *gorm.DB) *gorm.DB { return db.Order("title") }).First(&got, "name = ?", "Ada").Error)
			require.Equal(t, ada.Languages, got.Languages)
			require.True(t, ada.Born.Equal(got.Born), got.Born)
			require.Len(t, got.Books, 2)
			notes := got.Books[1]
			require.Equal(t, ada.Books[0].Details, notes.Details)
			require.Equal(t, ada.Books[0].Cover, notes.Cover)
			require.Len(t, notes.Tags, 2)
			var joined []gormBook
			require.NoError(t, db.Joins("Author").Where(`"Author".name = ? AND details @> ?`, "Ada", `{"letters": ["G"]}`).Find(&joined).Error)
			require.Len(t, joined, 1)
			require.Equal(t, ada.ID, joined[0].Author.ID)
			require.NoError(t, db.Model(&joined[0]).Association("Tags").Replace([]gormTag{{"engines"}}))
			require.EqualValues(t, 1, db.Model(&joined[0]).Association("Tags").Count())
		})
		t.Run("Batches", func(t *testing.T) {
			var books []gormBook
			for i := range 1000 {
				books = append(books, gormBook{AuthorID: ada.ID, Title: fmt.Sprintf("Volume %04d", i), Pages: i + 1})
			}
			require.NoError(t, db.Session(&gorm.Session{SkipHooks: true}).Omit(clause.Associations).CreateInBatches(books, 300).Error)
			require.NotZero(t, books[999].ID)
			var seen, batches int
			var batch []gormBook
			require.NoError(t, db.Where("title LIKE ?", "Volume%").FindInBatches(&batch, 400, func(*gorm.DB, int) error {
				seen, batches = seen+len(batch), batches+1
				return nil
			}).Error)
			require.Equal(t, 1000, seen)
			require.Equal(t, 3, batches)
			done := db.Where("title LIKE ?", "Volume%").Delete(&gormBook{})
			require.NoError(t, done.Error)
			require.EqualValues(t, 1000, done.RowsAffected)
			var left, all int64
			require.NoError(t, db.Model(&gormBook{}).Count(&left).Error)
			require.NoError(t, db.Unscoped().Model(&gormBook{}).Count(&all).Error)
			require.EqualValues(t, 2, left)
			require.EqualValues(t, 1002, all, "deletion is soft")
		})
		t.Run("Upsert", func(t *testing.T) {
			again := gormAuthor{Name: "Ada", Languages: pq.StringArray{"de"}, Born: ada.Born}
			require.NoError(t, db.Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"languages"}),
			}, clause.Returning{}).Create(&again).Error)
			require.Equal(t, ada.ID, again.ID)
			found := gormAuthor{}
			require.NoError(t, db.Where(gormAuthor{Name: "Grace"}).Attrs(gormAuthor{Languages: pq.StringArray{"cobol"}}).FirstOrCreate(&found).Error)
			require.Equal(t, pq.StringArray{"cobol"}, found.Languages)
		})
		t.Run("Transactions", func(t *testing.T) {
			require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
				require.NoError(t, tx.Create(&gormTag{"outer"}).Error)
				require.ErrorIs(t, tx.Transaction(func(tx *gorm.DB) error { // a savepoint
					require.NoError(t, tx.Create(&gormTag{"inner"}).Error)
					require.ErrorIs(t, tx.Create(&gormTag{"outer"}).Error, gorm.ErrDuplicatedKey)
					return errGormNo
				}), errGormNo)
				tx.SavePoint("s")
				require.NoError(t, tx.Create(&gormTag{"lost"}).Error)
				require.NoError(t, tx.RollbackTo("s").Error)
				var locked gormTag
				return tx.Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).First(&locked, "name = ?", "outer").Error
			}))
			require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
				require.NoError(t, tx.Create(&gormTag{"undone"}).Error)
				return errGormNo
			}), errGormNo)
			require.Panics(t, func() {
				_ = db.Transaction(func(tx *gorm.DB) error {
					require.NoError(t, tx.Create(&gormTag{"panic"}).Error)
					panic(errGormNo)
				})
			})
			var names []string
			require.NoError(t, db.Model(&gormTag{}).Where("name IN ?", []string{"outer", "inner", "lost", "undone", "panic"}).Pluck("name", &names).Error)
			require.Equal(t, []string{"outer"}, names)
		})
		t.Run("Prepared", func(t *testing.T) {
			prepared := db.Session(&gorm.Session{PrepareStmt: true})
			for i := range 5 {
				var n int64
				require.NoError(t, prepared.Raw("SELECT ? * 2", i).Scan(&n).Error)
				require.EqualValues(t, 2*i, n)
			}
			// A cached statement whose table has changed is prepared anew.
			var tag gormTag
			require.NoError(t, prepared.First(&tag, "name = ?", "outer").Error)
			require.NoError(t, db.Exec("ALTER TABLE gorm_tags ADD COLUMN more int").Error)
			require.NoError(t, prepared.Transaction(func(tx *gorm.DB) error { return tx.Exec("SELECT 1").Error }))
			require.NoError(t, prepared.Select("name").First(&tag, "name = ?", "outer").Error)
		})
		t.Run("Errors", func(t *testing.T) {
			require.ErrorIs(t, db.First(&gormAuthor{}, "name = ?", "Nobody").Error, gorm.ErrRecordNotFound)
			require.ErrorIs(t, db.Create(&gormAuthor{Name: "Ada"}).Error, gorm.ErrDuplicatedKey)
			require.ErrorIs(t, db.Omit("Author").Create(&gormBook{AuthorID: uuid.New(), Pages: 1}).Error, gorm.ErrForeignKeyViolated)
			require.ErrorIs(t, db.Omit("Author").Create(&gormBook{AuthorID: ada.ID, Pages: -1}).Error, gorm.ErrCheckConstraintViolated)
			requireSQLState(t, db.Exec("SELECT nothing").Error, "42703")
		})
		t.Run("Contexts", func(t *testing.T) {
			handle, err := db.DB()
			require.NoError(t, err)
			sqlContexts(t, on, handle)
			watch := on.connect(t)
			query := func(ctx context.Context) error { return db.WithContext(ctx).Raw(sleeps).Scan(new(string)).Error }
			requireContextError(t, watch, query)
			requireContextError(t, watch, func(ctx context.Context) error {
				return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return tx.Exec(sleeps).Error })
			})
			require.NoError(t, db.First(&gormTag{}).Error, "the handle is usable")
		})
	})
}
