package embed_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/embed"
)

// model answers as an API like OpenAI's does: the vector of a text is its
// length, and they come in the wrong order.
func model(t *testing.T, w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Model      string
		Input      []string
		Dimensions int
	}
	if r.Method != http.MethodPost || r.URL.Path != "/v1/embeddings" || r.Header.Get("Authorization") != "Bearer secret" {
		t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Model != "m" {
		t.Errorf("%v %+v", err, asked)
	}
	var data []map[string]any
	for i, text := range asked.Input {
		data = append([]map[string]any{{"index": i, "embedding": []float32{float32(len(text)), 0.5}}}, data...)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func server(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, s *httptest.Server, change func(*embed.HTTPConfig)) *embed.HTTP {
	t.Helper()
	cfg := embed.HTTPConfig{URL: s.URL + "/v1/", Model: "m", Key: "secret", Client: s.Client()}
	if change != nil {
		change(&cfg)
	}
	h, err := embed.NewHTTP(cfg)
	require.NoError(t, err)
	return h
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		model(t, w, r)
	})
	h := client(t, s, func(c *embed.HTTPConfig) { c.Batch = 2 })
	got, err := h.Embed(t.Context(), []string{"a", "bb", "ccc", "", "eeeee"})
	require.NoError(t, err)
	require.Equal(t, [][]float32{{1, 0.5}, {2, 0.5}, {3, 0.5}, {0, 0.5}, {5, 0.5}}, got)
	require.EqualValues(t, 3, asked.Load())
	got, err = h.Embed(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestHTTPAsksAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			model(t, w, r)
		}
	})
	got, err := client(t, s, nil).Embed(t.Context(), []string{"a"})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.EqualValues(t, 2, asked.Load())
}

func TestHTTPFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status       int
		answer, says string
	}{
		"refused":       {401, `{"error": {"message": "Incorrect  API\nkey"}}`, "asking m for vectors: status 401 Unauthorized: Incorrect API key"},
		"plain":         {404, "no such page\xff", "status 404 Not Found: no such page�"},
		"long":          {400, strings.Repeat("x", 10_000), "status 400"},
		"broken":        {500, "", "status 500"},
		"no JSON":       {200, "<html>", "not understood"},
		"text for it":   {200, `{"data": [{"embedding": "AAAA"}]}`, "not understood"},
		"too few":       {200, `{"data": []}`, "0 vectors came for 1 texts"},
		"another index": {200, `{"data": [{"index": 1, "embedding": [1]}]}`, "vector 1 came for 1 texts, or twice"},
		"empty":         {200, `{"data": [{"embedding": []}]}`, "vector 0 is empty"},
		"too long":      {200, `{"data": [{"embedding": [1, 2, 3, 4]}]}`, "vector 0 has 4 dimensions, and not 3"},
		"a large float": {200, `{"data": [{"embedding": [1e99, 2, 3]}]}`, "not understood"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.answer)
			})
			_, err := client(t, s, func(c *embed.HTTPConfig) { c.Retries, c.Dimensions = -1, 3 }).Embed(t.Context(), []string{"a"})
			require.ErrorContains(t, err, tt.says)
			require.NotContains(t, err.Error(), "secret")
			require.Less(t, len(err.Error()), 1000)
			var typed *embed.HTTPError
			require.ErrorAs(t, err, &typed)
			require.Equal(t, tt.status, typed.Status)
		})
	}
}

func TestHTTPCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := server(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := client(t, s, nil).Embed(ctx, []string{"a"})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNewHTTPRefuses(t *testing.T) {
	t.Parallel()
	for says, cfg := range map[string]embed.HTTPConfig{
		"is no URL":               {URL: "http://x:password@[", Model: "m"},
		"does not begin with":     {URL: "ftp://x", Model: "m"},
		"http:// or https:// and": {URL: "http://", Model: "m"},
		"Model is missing":        {URL: "http://x"},
		"Batch -1 is negative":    {URL: "http://x", Model: "m", Batch: -1},
	} {
		_, err := embed.NewHTTP(cfg)
		require.ErrorContains(t, err, says)
		require.NotContains(t, err.Error(), "password")
	}
}
