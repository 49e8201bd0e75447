// Package embed makes of texts what a knowledge base of package presenter
// keeps: Split cuts them into pieces, and HTTP or Hashing turn pieces into
// vectors.
//
//	pieces := embed.Split(text, embed.SplitOptions{Markdown: true})
//	vectors, err := embedder.Embed(ctx, texts)
//
// HTTP asks a model behind an API like OpenAI's. Hashing computes vectors from
// the letters of words: it needs no model and finds no meaning.
package embed
