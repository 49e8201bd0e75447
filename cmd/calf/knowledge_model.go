package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/calfdb/calf/pglite/embed"
	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// A model is what makes vectors. A base has it in its metadata.
type model struct {
	// URL is that of an API, or empty for hashing.
	URL        string `json:"url,omitempty"`
	Model      string `json:"model"`
	Dimensions int    `json:"dimensions"`
}

// hashing is the name of the model that needs none.
const hashing = "hashing"

// hashingDimensions is as many as small models have.
const hashingDimensions = 384

// keyVariable is where the key of an API is: not in a flag, which others see,
// and not in the database.
const keyVariable = "CALF_EMBEDDINGS_KEY"

func (m *model) addTo(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&m.URL, "url", "", "new base: `URL` of the API, such as http://localhost:11434/v1 (default hashing)")
	f.StringVar(&m.Model, "model", "", "new base: `name` of the API's model")
	f.IntVar(&m.Dimensions, "dimensions", 0, "new base: `number` of dimensions to ask for (default the model's)")
}

// check refuses what is no model.
func (m *model) check() error {
	switch {
	case m.URL != "" && m.Model == "":
		return usage("--model is missing: which of the API's models?")
	case m.URL == "" && m.Model != "" && m.Model != hashing:
		return usage("--url is missing: where is the model?")
	case m.Dimensions < 0:
		return usage("--dimensions is negative")
	}
	return nil
}

// embedder makes what computes vectors.
func (m *model) embedder() (presenter.Embedder, error) {
	if m.URL == "" {
		if m.Dimensions < 1 {
			m.Dimensions = hashingDimensions
		}
		m.Model = hashing
		return embed.NewHashing(m.Dimensions, nil), nil
	}
	return embed.NewHTTP(embed.HTTPConfig{URL: m.URL, Model: m.Model, Key: os.Getenv(keyVariable), Dimensions: m.Dimensions})
}

// of returns the model of a base, and what computes its vectors.
func (m *model) of(b presenter.Base) (presenter.Embedder, error) {
	var metadata struct {
		Calf *model `json:"calf"`
	}
	if err := json.Unmarshal(b.Metadata, &metadata); err != nil || metadata.Calf == nil {
		return nil, fmt.Errorf("knowledge base %q was not made by this command, which does not know what makes its vectors", b.ID)
	}
	kept := *metadata.Calf
	if (m.URL != "" || m.Model != "" || m.Dimensions != 0) && (m.URL != kept.URL || m.Model != "" && m.Model != kept.Model || m.Dimensions != 0 && m.Dimensions != b.Dimensions) {
		return nil, fmt.Errorf("knowledge base %q has vectors of %s, of %d dimensions: others need another --base", b.ID, kept.Model, b.Dimensions)
	}
	return kept.embedder()
}

// baseFor returns a base, which it makes if there is none, and what computes
// its vectors.
func (k *knowledge) baseFor(ctx context.Context, pr *presenter.Presenter) (presenter.Base, presenter.Embedder, error) {
	b, err := pr.Base(ctx, k.base)
	if !errors.Is(err, presenter.ErrNotFound) {
		if err != nil {
			return b, nil, err
		}
		e, err := k.model.of(b)
		return b, e, err
	}
	e, err := k.model.embedder()
	if err != nil {
		return b, nil, err
	}
	kept := k.model // Dimensions stays 0 if the model is not to be asked for a number
	dimensions := k.model.Dimensions
	if dimensions == 0 {
		probe, err := e.Embed(ctx, []string{"word"})
		if err != nil {
			return b, nil, err
		}
		dimensions = len(probe[0])
	}
	metadata, err := json.Marshal(map[string]model{"calf": kept})
	if err != nil {
		return b, nil, err
	}
	b, err = pr.CreateBase(ctx, presenter.NewBase{ID: k.base, Name: k.base, Dimensions: dimensions, Model: kept.Model, Metadata: metadata})
	return b, e, err
}
