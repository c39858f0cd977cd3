//! Which of several texts has the most in common with what somebody asks.
//!
//! The weight of a token is its rarity among the texts, as in BM25 (Robertson and Zaragoza, 2009), so that `recv` decides
//! less than `Nagle`. A word that no text has is taken for the nearest one that differs in a letter or two; two
//! neighbours that are one word in the texts (`close wait`, `time out`) are that word too.

use std::collections::BTreeMap;

use super::words;

/// How fast more of the same token stops to count, and how much a long text is discounted (BM25's k1 and b).
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.35;

/// What a corrected word counts.
const CORRECTED: f64 = 0.8;

/// Texts to be searched.
pub(super) struct Index {
    /// How often each token is in which text.
    places: BTreeMap<String, BTreeMap<usize, f64>>,
    lengths: Vec<f64>,
}

/// How well a text fits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fit {
    /// The weights of what it has in common with the question.
    pub(super) score: f64,
    /// Which share of the question's weight that is, 0 to 1.
    pub(super) share: f64,
    /// How many of its tokens that are.
    pub(super) tokens: usize,
}

impl Index {
    /// Each text has parts, with what a token of that part counts.
    pub(super) fn of<const PARTS: usize>(texts: impl Iterator<Item = [(String, f64); PARTS]>) -> Self {
        let mut index = Self { places: BTreeMap::new(), lengths: Vec::new() };
        for (number, parts) in texts.enumerate() {
            index.lengths.push(0.0);
            for (text, weight) in parts {
                index.add(number, &text, weight);
            }
        }
        index
    }

    fn add(&mut self, number: usize, text: &str, weight: f64) {
        for token in words::tokens(text) {
            self.lengths[number] += weight;
            *self.places.entry(token).or_default().entry(number).or_default() += weight;
        }
    }

    /// How well each of the texts fits.
    pub(super) fn fits(&self, question: &str) -> Vec<Fit> {
        let mut fits = vec![Fit::default(); self.lengths.len()];
        let mut whole = 0.0;
        for (token, weight) in self.asked(question) {
            let Some(places) = self.places.get(&token) else {
                whole += weight * self.rarity(0) / 2.0;
                continue;
            };
            let worth = weight * self.rarity(places.len());
            whole += worth;
            for (&number, &times) in places {
                fits[number].score += worth * self.told(number, times);
                fits[number].share += worth;
                fits[number].tokens += 1;
            }
        }
        for fit in &mut fits {
            fit.share /= f64::max(whole, f64::MIN_POSITIVE);
        }
        fits
    }

    fn rarity(&self, places: usize) -> f64 {
        let (all, places) = (self.lengths.len() as f64, places as f64);
        (1.0 + (all - places + 0.5) / (places + 0.5)).ln()
    }

    fn told(&self, number: usize, times: f64) -> f64 {
        let mean = self.lengths.iter().sum::<f64>() / self.lengths.len() as f64;
        let length = 1.0 - LENGTH + LENGTH * self.lengths[number] / mean;
        times * (SATURATION + 1.0) / (times + SATURATION * length)
    }

    /// The tokens of a question, each once, with what it counts.
    fn asked(&self, question: &str) -> BTreeMap<String, f64> {
        let tokens = words::weighted(question);
        let mut asked = BTreeMap::new();
        for (token, weight) in &tokens {
            let (token, certainty) = self.spelled(token);
            asked.entry(token).or_insert(weight * certainty);
        }
        let joined = tokens.windows(2).map(|pair| format!("{}{}", pair[0].0, pair[1].0));
        let joined = joined.filter(|word| self.places.contains_key(word));
        asked.extend(joined.map(|word| (word, 1.0)));
        asked
    }

    /// The token itself, or what is known and nearest to it.
    fn spelled(&self, token: &str) -> (String, f64) {
        let is_letters = |word: &str| word.len() > 4 && word.chars().all(|c| c.is_ascii_alphabetic());
        if self.places.contains_key(token) || !is_letters(token) {
            return (token.into(), 1.0);
        }
        let near = if token.len() > 6 { 2 } else { 1 };
        let known = self.places.keys().map(String::as_str).chain(words::known());
        let known = known.filter(|word| is_letters(word) && word.as_bytes()[0] == token.as_bytes()[0]);
        let distances = known.map(|word| (strsim::osa_distance(token, word), word));
        let nearest = distances.filter(|(distance, _)| *distance <= near).min();
        nearest.map_or_else(|| (token.into(), 1.0), |(_, word)| (words::meant(word), CORRECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(question: &str) -> Option<usize> {
        let texts = ["packet loss 丢包", "ack syn 三次握手", "TIME_WAIT restart 重启", "receive buffer 缓冲区"];
        let fits = Index::of(texts.into_iter().map(|text| [(text.to_string(), 1.0)])).fits(question);
        let best = (0..4).max_by(|a, b| fits[*a].score.total_cmp(&fits[*b].score))?;
        (fits[best].score > 0.0).then_some(best)
    }

    #[test]
    fn whole_words_count_and_mistakes_are_put_right() {
        assert_eq!(best("ACK"), Some(1));
        assert_eq!(best("time wait"), Some(2));
        assert_eq!(best("the recieve bufer"), Some(3));
        assert_eq!(best("怎么丢包了"), Some(0));
        assert_eq!(best("pakcet"), Some(0), "two letters changed places");
        assert_eq!(best("pack lossless"), None, "other words");
    }
}
