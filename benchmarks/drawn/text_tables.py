"""Tables of texts as they are published: a column of texts by any name, labels, parts and groups beside it."""

import csv
import json
from pathlib import Path

from drawn.desk import Desk, add_layout
from drawn.sentences import BAD, GOOD, Row, draw_sentences, rows_to_quoted

NEWS = ("sea", "wood", "town")


def claim_rows(desk: Desk, rows: list[Row], subset: str = "") -> list[Row]:
    """Note the truth of texts that stand in a table, and return them."""
    for text, label in rows:
        desk.claim(text.encode(), label, subset)
    return rows


@add_layout(
    "`spam.csv`: `v1,v2,,,` in Windows' encoding (SMS spam on Kaggle)", "`v2` holds the texts, `v1` the two labels"
)
def sms_of_kaggle(desk: Desk) -> Path:
    desk.mention("v2", "v1")
    rows = claim_rows(desk, [(f"{text} £{place} – ok", it) for place, (text, it) in enumerate(_draw_spam())])
    table = rows_to_quoted([("v1", "v2", "", "", ""), *((label, text, "", "", "") for text, label in rows)])
    return desk.write("spam.csv", table.encode("cp1252"))


def _draw_spam() -> list[Row]:
    return draw_sentences(("ham", "spam"), 14)


@add_layout("`SMSSpamCollection`: a line `ham⇥text` for each, no header, no ending", "the texts and their labels")
def sms_of_uci(desk: Desk) -> Path:
    rows = claim_rows(desk, [(f"{text} Ok, thanks, bye", label) for text, label in _draw_spam()])
    return desk.write("SMSSpamCollection", "".join(f"{label}\t{text}\n" for text, label in rows))


@add_layout("`IMDB Dataset.csv`: `review,sentiment`; `<br />`, commas and quotation marks in it", "`review`")
def imdb_of_kaggle(desk: Desk) -> Path:
    desk.mention("review", "sentiment")
    drawn = draw_sentences(("positive", "negative"), 12)
    rows = claim_rows(desk, [(f'{text}<br /><br />He said "so, so", twice', label) for text, label in drawn])
    return desk.write("IMDB Dataset.csv", rows_to_quoted([("review", "sentiment"), *rows]))


@add_layout(
    "`Reviews.csv`: `Id,ProductId,ProfileName,HelpfulnessNumerator,Score,Time,Summary,Text` (fine foods)",
    "`Text` with the `Score`; what is not used is named",
)
def fine_foods(desk: Desk) -> Path:
    desk.mention("Text", "Score")
    desk.say("HelpfulnessNumerator", "Summary")
    rows = []
    for place, (text, label) in enumerate(draw_sentences(("1", "3", "5"), 12)):
        desk.claim(f"{text} {text}".encode(), label)
        rows.append(
            (
                place + 1,
                f"B{place % 9:03}",
                f"p{place}",
                place % 4,
                label,
                1303862400 + place,
                text[:30],
                f"{text} {text}",
            )
        )
    head = ("Id", "ProductId", "ProfileName", "HelpfulnessNumerator", "Score", "Time", "Summary", "Text")
    return desk.write("Reviews.csv", rows_to_quoted([head, *rows]))


@add_layout(
    '`train.csv` and `test.csv` with lines `"3","headline","text"`, no header (AG News)', "the longer texts; two parts"
)
def ag_news(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "test")):
        rows = []
        for place, (text, label) in enumerate(draw_sentences(("1", "2", "3"), 12, seed=seed)):
            whole = f"AP - {text} {text}"
            desk.claim(whole.encode(), label, part)
            rows.append((label, f"Report no. {place} of the day", whole))
        desk.write(f"{part}.csv", rows_to_quoted(rows, quoting=csv.QUOTE_ALL))
    return desk.root


@add_layout(
    "`Tweets.csv`: `tweet_id,airline_sentiment,airline_sentiment_confidence,airline,text`",
    "`text`; which column has the labels is asked",
    flags="--label-column airline_sentiment",
)
def airline_tweets(desk: Desk) -> Path:
    rows = []
    for place, (text, label) in enumerate(draw_sentences(("negative", "neutral", "positive"), 12)):
        tweet = f"@Airline {text} #{label[0]}{place} 🎉"
        desk.claim(tweet.encode(), label)
        rows.append(
            (570306133677760513 + place, label, round(0.3 + place % 7 / 10, 4), ("Delta", "United")[place % 2], tweet)
        )
    head = ("tweet_id", "airline_sentiment", "airline_sentiment_confidence", "airline", "text")
    return desk.write("Tweets.csv", rows_to_quoted([head, *rows]))


@add_layout(
    "`train.csv`: `id,comment_text,toxic,severe_toxic,obscene,threat` of 0 and 1 (Jigsaw)", "several labels for a text"
)
def jigsaw(desk: Desk) -> Path:
    desk.mention("comment_text")
    names, rows = ("toxic", "severe_toxic", "obscene", "threat"), []
    for place, (text, _) in enumerate(draw_sentences(NEWS, 14)):
        on = [int(place % 3 == 0), int(place % 6 == 0), int(place % 4 == 1), int(place % 5 == 2)]
        desk.claim(text.encode(), ";".join(map(str, on)))
        rows.append((f"{place:016x}", text, *on))
    return desk.write("train.csv", rows_to_quoted([("id", "comment_text", *names), *rows]))


@add_layout(
    "`train.tsv`: `index⇥sentence1⇥sentence2⇥label` (GLUE)",
    "both sentences belong together: it is asked, and they are joined with their names",
    flags="--text-column sentence1,sentence2",
)
def pairs_of_sentences(desk: Desk) -> Path:
    first, second = draw_sentences(NEWS, 10), draw_sentences(NEWS, 10, seed=1)
    rows = []
    for place, ((one, _), (two, _)) in enumerate(zip(first, second, strict=True)):
        label = ("entailment", "not_entailment")[place % 2]
        desk.claim(f"sentence1: {one}\nsentence2: {two}".encode(), label)
        rows.append((place, one, two, label))
    return desk.write("train.tsv", rows_to_quoted([("index", "sentence1", "sentence2", "label"), *rows], "\t"))


@add_layout('`reviews.jsonl`: `{"text": ..., "label": ...}` a line', "texts and labels")
def json_lines_of_texts(desk: Desk) -> Path:
    rows = claim_rows(desk, [(f'{text}\nÜber "alles"', label) for text, label in draw_sentences(NEWS)])
    return desk.write("reviews.jsonl", "".join(json.dumps({"text": text, "label": it}) + "\n" for text, it in rows))


@add_layout('`reviews.json`: `[{"review": ..., "stars": 5}, ...]`', "`review`, with the stars")
def json_array_of_reviews(desk: Desk) -> Path:
    desk.mention("review", "stars")
    rows = claim_rows(desk, draw_sentences(("1", "3", "5")))
    return desk.write_json("reviews.json", [{"review": text, "stars": int(label)} for text, label in rows])


@add_layout("`train.csv`, `validation.csv` and `test.csv` in a folder: `text,label`", "three parts")
def tables_of_parts(desk: Desk) -> Path:
    for seed, part in enumerate(("train", "validation", "test")):
        rows = claim_rows(desk, draw_sentences(NEWS, 8, seed=seed), part)
        desk.write(f"{part}.csv", rows_to_quoted([("text", "label"), *rows]))
    return desk.root


@add_layout("`questions.csv`: `text,label,split` (train, dev, test)", "the parts that `split` says")
def parts_in_a_column(desk: Desk) -> Path:
    desk.mention("split")
    rows = []
    for seed, (said, part) in enumerate({"train": "train", "dev": "validation", "test": "test"}.items()):
        rows += [(*row, said) for row in claim_rows(desk, draw_sentences(NEWS, 8, seed=seed), part)]
    return desk.write("questions.csv", rows_to_quoted([("text", "label", "split"), *rows]))


@add_layout("`essays.csv`: `author,text,label`", "texts of one author stay in one part")
def texts_of_authors(desk: Desk) -> Path:
    desk.mention("author")
    rows = []
    for place, (text, label) in enumerate(draw_sentences(("sea", "wood"), 24)):
        author = f"Author {place % 12}"
        desk.claim(text.encode(), label, "", author)
        rows.append((author, text, label))
    return desk.write("essays.csv", rows_to_quoted([("author", "text", "label"), *rows]))


@add_layout("`mails.csv`: texts of several lines with commas and doubled quotation marks", "each text whole")
def texts_over_lines(desk: Desk) -> Path:
    drawn = draw_sentences(("ham", "spam"), 12)
    rows = claim_rows(desk, [(f'Hi,\n\n"{text}"\nham, or not?\n\nBye, "me"\n', label) for text, label in drawn])
    return desk.write("mails.csv", rows_to_quoted([("label", "message"), *((label, text) for text, label in rows)]))


@add_layout('`posts.csv`: quotation marks in texts as `\\"` (MySQL)', "the texts without the backslash")
def backslashes_before_quotes(desk: Desk) -> Path:
    rows = claim_rows(desk, [(f'So "{text}", they say', label) for text, label in draw_sentences(NEWS)])
    lines = ['"{}","{}"\n'.format(text.replace('"', '\\"'), label) for text, label in rows]
    return desk.write("posts.csv", '"text","label"\n' + "".join(lines))


@add_layout(
    "`train.tsv`: `sentence⇥label`, single quotation marks in it and none around (SST-2)", "the lines as they are"
)
def tabs_without_quoting(desk: Desk) -> Path:
    drawn = draw_sentences(("0", "1"), 12)
    rows = claim_rows(
        desk, [(f"it's 5\" long {text}" if at % 3 else f'"{text}', it) for at, (text, it) in enumerate(drawn)]
    )
    return desk.write("train.tsv", "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))


@add_layout("`umfrage.csv` of Excel: semicolons, Windows' encoding", "the texts with their umlauts")
def semicolons_of_excel(desk: Desk) -> Path:
    rows = claim_rows(desk, [(f"Schöne Grüße: {text}; größer!", label) for text, label in draw_sentences(NEWS)])
    return desk.write("umfrage.csv", rows_to_quoted([("text", "label"), *rows], ";").encode("cp1252"))


@add_layout("`export.txt` of Excel: Unicode text, tabs, UTF-16", "the texts")
def utf16_of_excel(desk: Desk) -> Path:
    rows = claim_rows(desk, [(f"{text} – naïve café", label) for text, label in draw_sentences(NEWS)])
    return desk.write("export.txt", rows_to_quoted([("message", "category"), *rows], "\t").encode("utf-16"))


@add_layout(
    "`feedback.csv` with empty cells, `nan` and `NULL` for texts", "those rows are left out, each with its reason"
)
def missing_texts(desk: Desk) -> Path:
    rows = claim_rows(desk, draw_sentences(NEWS))
    holes = [("", "sea"), ("nan", "wood"), ("NULL", "town"), ("   ", "sea")]
    desk.say("an empty text", "'nan'", "'NULL'")
    return desk.write("feedback.csv", rows_to_quoted([("text", "label"), *rows[:9], *holes, *rows[9:]]))


@add_layout(
    "`comments.csv` with a text twice under other labels", "both are left out; the same twice stays in one part"
)
def contradicting_texts(desk: Desk) -> Path:
    rows = claim_rows(desk, draw_sentences(NEWS))
    twice = [("Was that it?", "sea"), ("Was that it?", "wood")]
    desk.say("the same bytes")
    return desk.write("comments.csv", rows_to_quoted([("text", "label"), *rows, *twice, rows[0]]))


@add_layout("`articles.csv`: `title,body,category`", "`body`; that `title` is not used is said, and how to join both")
def title_and_body(desk: Desk) -> Path:
    desk.mention("body", "title")
    desk.say('--text-column "title,body"')
    rows = []
    for place, (text, label) in enumerate(draw_sentences(NEWS)):
        desk.claim(f"{text} {text} {text}".encode(), label)
        rows.append((f"News of the day {place}", f"{text} {text} {text}", label))
    return desk.write("articles.csv", rows_to_quoted([("title", "body", "category"), *rows]))


@add_layout("`posts.csv`: `text,tags` with `sea;wood` in a cell", "several labels for a text")
def several_tags(desk: Desk) -> Path:
    rows = []
    for place, (text, label) in enumerate(draw_sentences(NEWS, 12)):
        told = {label, NEWS[place % 3], NEWS[place // 3 % 3]}
        desk.claim(text.encode(), ";".join(sorted(told)))
        rows.append((text, ";".join(sorted(told))))
    return desk.write("posts.csv", rows_to_quoted([("text", "tags"), *rows]))


@add_layout("`readability.csv`: `id,excerpt,target,standard_error` with fractions", "numbers to be predicted")
def numbers_of_texts(desk: Desk) -> Path:
    rows = []
    for place, (text, _) in enumerate(draw_sentences(NEWS, 14)):
        target = round(-3 + place * 0.137, 3)
        desk.claim(text.encode(), f"{target:g}")
        rows.append((f"c{place:08x}", text, target, round(0.4 + place % 5 / 50, 3)))
    return desk.write("readability.csv", rows_to_quoted([("id", "excerpt", "target", "standard_error"), *rows]))


@add_layout(
    "`Antworten.csv` of a form: `Zeitstempel`, questions as headers, a choice",
    "the answers in words",
    flags="--label-column 'Wie zufrieden sind Sie?'",
)
def answers_of_a_form(desk: Desk) -> Path:
    rows = []
    for place, (text, label) in enumerate(draw_sentences(("sehr", "kaum", "gar nicht"), 12)):
        desk.claim(text.encode(), label)
        rows.append((f"2026/11/{place % 28 + 1:02} 9:{place:02}:00", label, text, ("ja", "nein")[place // 3 % 2]))
    head = ("Zeitstempel", "Wie zufrieden sind Sie?", "Was hat Ihnen gefallen und was nicht?", "Kommen Sie wieder?")
    return desk.write("Antworten.csv", rows_to_quoted([head, *rows]))


@add_layout("`weibo.csv`: `label,评论`, Chinese without blanks", "`评论` holds texts")
def chinese_comments(desk: Desk) -> Path:
    desk.mention("评论")
    first, second = "今天天气很好我们去海边散步", "昨天晚上电影院里的人非常多"
    places = "北京上海广州深圳杭州南京武汉成都西安重庆"
    rows = []
    for place in range(24):
        text = f"{(first, second)[place % 2]}{places[place % 20]}{places[(place * 7) % 20]}第{place}次"
        desk.claim(text.encode(), str(place % 2))
        rows.append((place % 2, text))
    return desk.write("weibo.csv", rows_to_quoted([("label", "评论"), *rows]))


@add_layout("`tweets.csv`: Arabic, Hebrew, emoji alone, one word", "all of them")
def right_to_left(desk: Desk) -> Path:
    texts = [
        f"{word} {number}"
        for number in range(8)
        for word in ("كان الجو جميلا جدا اليوم", "היה יום יפה מאוד", "🎉🎉", "ok")
    ]
    rows = claim_rows(desk, [(text, ("fine", "so")[at // 2 % 2]) for at, text in enumerate(texts)])
    return desk.write("tweets.csv", rows_to_quoted([("text", "label"), *rows]))


@add_layout("`labels.csv`: `file,label` with paths of `.txt` files", "the files as texts")
def paths_of_texts(desk: Desk) -> Path:
    rows = []
    for place, (text, label) in enumerate(draw_sentences(NEWS)):
        desk.write(f"docs/{place:03}.txt", text)
        desk.claim(text.encode(), label)
        rows.append((f"docs/{place:03}.txt", label))
    return desk.write("labels.csv", rows_to_quoted([("file", "label"), *rows]))


@add_layout(
    "`reviews.csv`: `stars,review,helpful,country`, opinions", "`review` with `stars`; the others are named as not used"
)
def columns_beside_texts(desk: Desk) -> Path:
    desk.mention("review", "stars")
    desk.say("'helpful' (numbers)", "'country'")
    rows = []
    for place, (text, _) in enumerate(draw_sentences(("sea",), 40)):
        stars = place % 5 + 1
        opinion = f"{text} It was {(GOOD if stars > 3 else BAD)[place % 5]}."
        desk.claim(opinion.encode(), str(stars))
        rows.append((stars, opinion, place % 13, ("DE", "FR", "NO")[place % 3]))
    return desk.write("reviews.csv", rows_to_quoted([("stars", "review", "helpful", "country"), *rows]))
