package presenter

// chat is what a Presenter and a Tx do with conversations.
type chat struct{ runner }

// Limits of lists.
const (
	// MaxPage is the largest number of things that one call lists.
	MaxPage = 1000
	// DefaultPage is how many it lists if the caller does not say.
	DefaultPage = 50
)

// limit checks the size of a page and fills in the default.
func limit(op string, n int) (int, error) {
	if n == 0 {
		return DefaultPage, nil
	}
	if n < 0 || n > MaxPage {
		return 0, refuse(op, "", invalidParameter, "a limit of %d is not between 1 and %d", n, MaxPage)
	}
	return n, nil
}
