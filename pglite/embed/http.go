package embed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// HTTPConfig says where a model is. URL and Model are required.
type HTTPConfig struct {
	// URL is the API's, to which /embeddings is added, such as
	// https://api.openai.com/v1 or http://localhost:11434/v1.
	URL string
	// Model is the model's name there.
	Model string
	// Key is sent as a bearer token; "" means none. It is in no error.
	Key string
	// Dimensions asks the model for vectors of that length, which not all models
	// know; 0 means the model's own.
	Dimensions int
	// Batch is how many texts are sent at once; 0 means 64.
	Batch int
	// Retries is how often a request that may succeed later is repeated (status
	// 429 or 5xx, or no answer); 0 means 4, a negative number never.
	Retries int
	// Client is used for requests; nil means one with a timeout of a minute.
	Client *http.Client
}

// An HTTP turns texts into vectors by asking an API like OpenAI's. It is safe
// for concurrent use.
type HTTP struct {
	cfg      HTTPConfig
	endpoint string
}

// NewHTTP checks the configuration; it asks nobody.
func NewHTTP(cfg HTTPConfig) (*HTTP, error) {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("embed: HTTPConfig.URL is no URL") // whose text may hold a password
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("embed: HTTPConfig.URL %q does not begin with http:// or https:// and a host", u.Redacted())
	case cfg.Model == "":
		return nil, fmt.Errorf("embed: HTTPConfig.Model is missing")
	case cfg.Dimensions < 0 || cfg.Batch < 0:
		return nil, fmt.Errorf("embed: HTTPConfig.Dimensions %d or Batch %d is negative", cfg.Dimensions, cfg.Batch)
	}
	if cfg.Batch == 0 {
		cfg.Batch = 64
	}
	if cfg.Retries == 0 {
		cfg.Retries = 4
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: time.Minute}
	}
	return &HTTP{cfg, u.JoinPath("embeddings").String()}, nil
}

// An HTTPError is an answer that is not what was asked for.
type HTTPError struct {
	// Status is the HTTP status code.
	Status int
	// Message is what the answer says, or the beginning of it.
	Message string
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("status %d %s: %s", e.Status, http.StatusText(e.Status), e.Message)
}

// Embed returns the vectors of texts, in their order. The error is an
// *HTTPError if there was an answer.
func (h *HTTP) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		n := min(len(texts), h.cfg.Batch)
		some, err := h.insist(ctx, texts[:n])
		if err != nil {
			return nil, fmt.Errorf("embed: asking %s for vectors: %w", h.cfg.Model, err)
		}
		vectors, texts = append(vectors, some...), texts[n:]
	}
	return vectors, nil
}

// insist asks, and asks again if that may help.
func (h *HTTP) insist(ctx context.Context, texts []string) ([][]float32, error) {
	for attempt := 0; ; attempt++ {
		vectors, wait, err := h.ask(ctx, texts)
		if err == nil || wait < 0 || attempt >= h.cfg.Retries {
			return vectors, err
		}
		if wait == 0 {
			const first = 500 * time.Millisecond
			wait = first<<min(attempt, 6) + rand.N(first) // those who failed together come back apart
		}
		select {
		case <-time.After(min(wait, time.Minute)):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

// ask asks once. With an error it says how long to wait before asking again: 0
// for as long as one likes, and -1 for ever.
func (h *HTTP) ask(ctx context.Context, texts []string) ([][]float32, time.Duration, error) {
	body, err := json.Marshal(struct {
		Model      string   `json:"model"`
		Input      []string `json:"input"`
		Format     string   `json:"encoding_format"`
		Dimensions int      `json:"dimensions,omitempty"`
	}{h.cfg.Model, texts, "float", h.cfg.Dimensions})
	if err != nil {
		return nil, -1, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, -1, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.cfg.Key != "" {
		r.Header.Set("Authorization", "Bearer "+h.cfg.Key)
	}
	answer, err := h.cfg.Client.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, -1, err
		}
		return nil, 0, err
	}
	defer answer.Body.Close()
	// A vector of 16000 numbers of 20 digits, and what is around it.
	data, err := io.ReadAll(io.LimitReader(answer.Body, int64(len(texts))*400_000+1<<20))
	if err != nil {
		return nil, 0, err
	}
	if answer.StatusCode != http.StatusOK {
		wait := time.Duration(-1)
		if answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500 {
			seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
			wait = time.Duration(max(seconds, 0)) * time.Second
		}
		return nil, wait, &HTTPError{answer.StatusCode, message(data)}
	}
	vectors, err := h.parse(data, len(texts))
	if err != nil {
		return nil, -1, &HTTPError{answer.StatusCode, err.Error()}
	}
	return vectors, 0, nil
}

// parse reads an answer, which has an index with each vector.
func (h *HTTP) parse(data []byte, want int) ([][]float32, error) {
	var answer struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("the answer is not understood: %w", err)
	}
	if len(answer.Data) != want {
		return nil, fmt.Errorf("%d vectors came for %d texts", len(answer.Data), want)
	}
	vectors := make([][]float32, want)
	for _, d := range answer.Data {
		switch {
		case d.Index < 0 || d.Index >= want || vectors[d.Index] != nil:
			return nil, fmt.Errorf("vector %d came for %d texts, or twice", d.Index, want)
		case len(d.Embedding) == 0:
			return nil, fmt.Errorf("vector %d is empty", d.Index)
		case h.cfg.Dimensions > 0 && len(d.Embedding) != h.cfg.Dimensions:
			return nil, fmt.Errorf("vector %d has %d dimensions, and not %d", d.Index, len(d.Embedding), h.cfg.Dimensions)
		}
		vectors[d.Index] = d.Embedding
	}
	return vectors, nil
}

// message returns what an answer says is wrong.
func message(data []byte) string {
	var answer struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	text := string(data)
	if json.Unmarshal(data, &answer) == nil && answer.Error.Message != "" {
		text = answer.Error.Message
	}
	const most = 500
	if len(text) > most {
		text = text[:most]
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
}
