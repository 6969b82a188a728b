"""Identifiers that we made up and planted in spoken dialogue, to measure what the gate finds.

Written before the gate's patterns, from how people say and write such things, not from the patterns. All people,
numbers and places that are meant to be found are invented, or are public names of towns. In every kind each third
notation is held out: it was not looked at while the patterns were made, and is reported apart.

In a notation ``#`` is any digit, ``@`` any capital, and ``{say:#####}`` digits spoken one by one, ``{pairs:####}`` by
twos, ``{given}``, ``{rare}``, ``{surname}``, ``{city}``, ``{street}``, ``{month}`` a word of that list.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PATTERNED = (
    "phone", "email", "url", "ip", "national_id", "health_plan", "record", "account", "licence", "vehicle", "device",
    "date", "age", "address", "postcode",
)  # fmt: skip

WORDS: dict[str, tuple[str, ...]] = {
    "given": (
        "Michelle", "Tom", "Sarah", "David", "Emma", "James", "Priya", "Mohammed", "Siobhan", "Kwame", "Elena", "Pedro",
        "Aisha", "Liam", "Chloe", "Fatima", "Hannah", "Oliver", "Jessica", "Daniel", "Rebecca", "Marcus", "Linda",
        "Karen", "Brian", "Natalie", "Ahmed", "Mei", "Yusuf", "Ingrid", "Carlos", "Denise", "Gareth", "Leanne", "Piotr",
        "Tyler", "Latoya", "Ashley", "Kevin", "Megan", "Sophie", "Luca", "Nadia", "Ravi", "Bethany", "Stephen",
        "Catherine", "Josh", "Debbie", "Mike",
    ),
    "wordname": ("Grace", "Will", "Mark", "Hope", "May", "Rose", "Bill", "Joy", "Frank", "Dawn", "Faith", "Sue", "Rob"),
    "rare": (
        "Thandiwe", "Oluwaseun", "Zbigniew", "Aoibheann", "Kaisa", "Tariqah", "Xochitl", "Ffion", "Ngozi", "Bjarne",
        "Ioana", "Suresha", "Makoa", "Eluned", "Dragana",
    ),
    "surname": (
        "Ferris", "Okonkwo", "Halloran", "Whitcombe", "Patel", "Lindqvist", "Marchetti", "Nowak", "Abernathy", "Dubois",
        "O'Rourke", "McAllister", "Vandermeer", "Castellanos", "Smith-Jones", "Thompson", "Nguyen", "Baxter",
    ),
    "city": (
        "Leicester", "Baltimore", "Swansea", "Toledo", "Halifax", "Sacramento", "Aberdeen", "Milwaukee", "Galway",
        "Tucson", "Wolverhampton", "Edmonton", "Brisbane", "Chattanooga", "Sheffield", "Lisbon", "Albuquerque",
        "Dundee", "Plymouth", "Nashville",
    ),
    "village": ("Little Snoring", "Ashby Parva", "Penmarrow", "Cold Creek", "Elmstead", "Harrow Bend", "Tolverne"),
    "street": (
        "Maple", "Station", "Victoria", "Elm", "Cedar Hill", "Old Mill", "Kingsway", "Birchfield", "Lakeview",
        "Martin Luther King", "Penrose", "Sycamore",
    ),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    "mon": ("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sept", "Sep", "Oct", "Nov", "Dec"),
    "ordinal": (
        "first", "second", "third", "fourth", "fifth", "seventh", "ninth", "tenth", "twelfth", "fourteenth",
        "seventeenth", "nineteenth", "twentieth", "twenty-first", "twenty second", "twenty-eighth", "thirtieth",
        "thirty-first",
    ),
    "spokenyear": (
        "nineteen eighty-four", "nineteen ninety", "two thousand and three", "twenty nineteen", "two thousand twelve",
        "nineteen seventy two", "twenty twenty-one", "nineteen oh five",
    ),
    "old": ("90", "91", "92", "94", "97", "99", "101", "103", "96", "93"),
    "spokenold": (
        "ninety", "ninety-one", "ninety two", "ninety-four", "ninety-nine", "a hundred and one", "one hundred and three",
        "ninety-six",
    ),
    "mail": ("kestrel", "bluebird", "mferris", "t.halloran", "jo_nowak", "aisha-k", "oldmill22", "gpatel+home"),
    "host": ("example.com", "mailbox.example.org", "fernhill.co.uk", "brightpath.net", "quillwort.edu", "tarnside.ie"),
    "hostword": ("fernhill dot co dot uk", "brightpath dot net", "gmail dot com", "quillwort dot edu", "hotmail dot com"),
    "mailword": ("kestrel", "m ferris", "blue bird", "aisha", "old mill twenty-two", "jo underscore nowak"),
    "kin": ("brother", "sister", "wife", "husband", "daughter", "son", "boss", "friend", "cousin", "boyfriend"),
    "title": ("Dr.", "Dr", "Mrs", "Mr.", "Ms.", "Professor", "Father", "Nurse", "Sergeant", "Miss"),
}  # fmt: skip

NOTATIONS: dict[str, tuple[str, ...]] = {
    "phone": (
        "(555) 01#-####", "555-01#-####", "555.01#.####", "555 01# ####", "+1 555 01# ####", "1-555-01#-####",
        "55501#####", "+44 20 7946 0###", "020 7946 0###", "(020) 7946 0###", "07700 900###", "07700900###",
        "+44 (0)7700 900###", "0044 7700 900 ###", "+447700900###", "555-01##", "+49 30 901820##", "+353 1 496 0###",
        "01632 960###", "(01632) 960 ###", "555/01#-####", "555 – 01# – ####", "555-01#-#### ext. 3#",
        "{say:555-01#-####}", "{say:5550}, {say:1###}", "{say:07700-900###}", "{pairs:5501####}", "oh seven seven double oh, {say:900###}",
        "{say:555}, um, {say:01#}, uh, {say:####}", "area code {say:555}, then {say:01#-####}", "plus four four {say:7700900###}",
        "five five five, oh one two, {pairs:####}", "triple five, {say:01#####}", "0 7 7 0 0 9 0 0 # # #", "{say:555} dash {say:01##}",
        "555 01 ## ###", "+33 1 99 00 ## ##", "1 (800) 555-01##", "+61 491 570 ###", "one eight hundred, {say:555-01##}",
    ),
    "email": (
        "{mail}@{host}", "{mail} @ {host}", "mailto:{mail}@{host}", "<{mail}@{host}>", "{mail} at {hostword}", "{mailword} at {hostword}",
        "{mail}##@{host}", "{mail}[at]{host}", "{mail} (at) {host}", "{mail} at {host}", "{mail}@{host}.", "{mailword} at, um, {hostword}",
        "{mail} AT gmail DOT com", "{mail}@sub.{host}",
    ),
    "url": (
        "https://www.{host}/people/##", "http://{host}", "www.{host}", "{host}/blog/####", "double u double u double u dot {hostword}", "www dot {hostword}",
        "HTTPS://{host}/a?b=#", "facebook.com/kestrel.##", "instagram.com/blue_bird_##", "brightpath.org", "fernhill dot co dot uk slash about",
        "brightpath dot net", "linkedin.com/in/kestrel-####", "https colon slash slash brightpath dot net", "youtu.be/@@##@#",
    ),
    "ip": (
        "192.168.#.1##", "10.0.#.##", "203.0.113.##", "198.51.100.2##:80##", "2001:db8::##:#", "2001:0db8:85a3:0000:0000:8a2e:0370:73##",
        "{say:192} dot {say:168} dot {say:#} dot {say:1#}", "one ninety-two dot one sixty-eight dot one dot {say:##}", "fe80::1#:2#", "172.16.25#.1 "
        "", "203.0.113.##/24", "{say:10} dot {say:0} dot {say:0} dot {say:#}",
    ),
    "national_id": (
        "12#-4#-67##", "12# 4# 67##", "12#4#67## is my social, social security 12#4#67##", "my social is 12#.4#.67##", "QQ 12 ## ## C", "AB12####C", "AB 12####C", "ab-12-##-##-c",
        "social security number {say:12#-4#-67##}", "social, it's {say:12#}, {say:4#}, {say:67##}", "last four of my social are ####", "National Insurance number A B one two {say:####} C",
        "SSN: 12#4#67##", "NI number is AB ## ## ## D", "SIN 130 69# ###", "the last four digits of my social, {say:####}", "PPS number 12#4567T", "tax file number 12# 4## 78#",
    ),
    "health_plan": (
        "Medicare number 1EG4-TE5-MK7#", "member ID W12#4567#9", "policy number HP-##-4####", "my insurance number is ########", "Blue Cross ID XYZ########",
        "insurance ID {say:########}", "group number 0##4#", "Medicaid ID @@#####@", "health card number 12## 4## 7##", "the policy's number, uh, {say:40####}", "plan ID: H####-00#",
        "subscriber number @##-##-####",
    ),
    "record": (
        "MRN 00##4##", "MRN: ###-##-##", "medical record number 4####", "chart number A####", "NHS number 943 476 59##", "patient number {say:48###}", "hospital number @######",
        "case number 20-CV-0####", "my file number is ####/##", "record number, it's {say:4####}", "patient ID P-#####", "NHS number {say:9434765###}", "docket number ##-####",
        "the reference is REF-######", "claim number C#######", "my hospital number, hang on, K {say:######}",
    ),
    "account": (
        "4111 1111 11## ####", "4111-1111-11##-####", "411111111#######", "account number 1234####", "sort code 20-##-##", "IBAN GB29 NWBK 6016 13## #### ##",
        "account {say:1234####}", "the account's {say:88####}", "card ending in ####", "routing number 02100###9", "acct # 00##-####", "customer number {say:7#####}",
        "my username is bluebird_##", "@bluebird_##", "sort code {say:20} {say:##} {say:##}", "my login is kestrel##", "GB82WEST1234569876####", "my pin is ####",
        "card number's {say:4111} {say:1111} {say:11##} {say:####}",
    ),
    "licence": (
        "driver's license D123-4567-8###", "driving licence number FERRI 8##14 M9AB", "license number {say:######}", "passport number 5########", "passport 12#45678#",
        "my badge number is ####", "nursing registration ##@####@", "licence no. @#######", "NPI 12345678##", "state license #PSY#####", "my registration number with the board is {say:7####}",
        "passport is {say:5########}", "GMC number 712####", "certificate number {say:48###}", "DEA number AB#######",
    ),
    "vehicle": (
        "license plate ABC-#2#4", "plate number 7@@@##4", "number plate AB#2 CDE", "reg is AB#2 CDE", "AB#2 CDE", "VIN 1HGCM82633A00####", "1HGCM82633A00####",
        "registration LK## XYZ", "licence plate's {say:4##} J K L", "plates say KZP ####", "the reg, it's A B six one C D E", "tag number ###-@@@", "VIN's WVWZZZ1JZXW00####",
        "plate was BLUEBRD", "number plate, L B {say:##} X Y Z",
    ),
    "device": (
        "serial number SN-####-##X", "serial no. PM######", "IMEI 35684900######2", "MAC address 00:1B:44:11:3A:B#", "00-1B-44-11-3A-B#", "pacemaker serial is {say:######}",
        "device ID @@-#####", "the pump's serial number, {say:48####}", "implant number ###-####", "S/N 4#####", "IMEI {say:35684900######2}", "my insulin pump, model MMT, number NG#######H",
        "device number is {say:####}-B", "hearing aid serial: #####@", "UDI (01)0088450#######",
    ),
    "date": (
        "03/1#/2019", "1#/03/2019", "2019-03-1#", "1#.3.2019", "3/1#/19", "March 1#, 2019", "March 1#th", "1# March 2019", "the 1#th of March", "1#th March", "{month} {ordinal}", "the {ordinal} of {month}",
        "{month} the {ordinal}", "the {ordinal} of {month}, {spokenyear}", "{month} 2017", "{month} of {spokenyear}", "{mon} 1#, 2018", "{mon} 1#", "1#-{mon}-2018", "{month}, {spokenyear}", "1# {mon} 18",
        "Christmas Eve 2016", "Christmas Day, {spokenyear}", "New Year's Eve 1999", "20190314", "2019/03/1#", "date of birth 1#/03/84", "born {ordinal} {month} {spokenyear}", "Halloween 2015", "{month} {ordinal}, {spokenyear}", "the {ordinal} day of {month}",
        "Thursday the {ordinal} of {month}", "Monday, {month} 1#th", "oh three, fourteen, nineteen eighty-four, that's my birthday", "mid-{month} 2016", "1#th of {mon}", "{month} '84", "1# / 03 / 1984", "the 1#th, of {month}", "Easter Sunday 2014",
        "DOB: 031#84", "my date of birth is three, twelve, eighty-four",
    ),
    "age": (
        "she's {old} years old", "he is {spokenold}", "my grandma is {old}", "aged {old}", "a {old}-year-old man", "turned {spokenold}", "she was {spokenold} years old", "at the age of {old}", "he'll be {spokenold} in June",
        "she made it to {old}", "in her nineties", "{spokenold} years of age", "age {old}", "nearly {spokenold} years old", "she's {old}, my nan", "my nan died at {old}", "he lived to be {spokenold}", "{old} yrs old", "a {spokenold} year old", "her ninety-third birthday", "my mother's {spokenold} now",
    ),
    "address": (
        "42 {street} Street", "1#7 {street} Road", "{street} Avenue", "flat 3B, 1# {street} Court", "apartment 4##, {street} Drive", "forty-two {street} Street", "12#0 N {street} Blvd", "1# {street} Ln.", "P.O. Box ####", "PO box {say:4##}",
        "the corner of {street} Street and {street} Avenue", "number {say:4#}, {street} Road", "unit 1#, {street} Close", "{street} St", "1# {street} Crescent, top floor", "{street} Gardens", "three twelve {street} Way", "house on {street} Lane", "44 The {street} Terrace", "#1# West ##nd Street", "Highway 4#, mile marker 12#",
        "the flats on {street} Place",
    ),
    "postcode": (
        "SW1A 1AA", "LE2 #@@", "M1 #@@", "EC1A1BB", "B33 8T@", "zip code 9021#", "zip 90210-12##", "ZIP is {say:9021#}", "Springfield, IL 627##", "K1A 0B#", "postcode {say:LE} two {say:#} A B", "postal code H2X 1Y#",
        "sw1a 1aa", "CA 9021#", "my postcode's N W one {say:#} X Y", "Eircode D02 AF##", "postcode 30##", "zip, nine oh two {say:##}",
    ),
    "name": (
        "{given}", "{given}", "{given}", "{given} {surname}", "{title} {surname}", "{rare}", "{surname}", "{wordname}", "{given}'s", "{given}, hi", "{title} {given}", "{given} and {given}", "little {given}", "{given} {surname}'s", "{given}-Anne", "{rare} {surname}",
    ),
    "place": (
        "{city}", "{city}", "{village}", "{city}'s", "{city}, Ohio", "downtown {city}", "{city} General Hospital", "St. {given}'s School", "{village} High School", "University of {city}", "the {surname} Clinic", "{village} village", "Lake {surname}", "{city} airport", "{surname} County",
    ),
}  # fmt: skip

LATER: dict[str, tuple[str, ...]] = {
    "phone": ("555 01## / ####", "{say:5} {say:5} {say:5} - {say:0} {say:1} {say:##} {say:###}", "my number's double five five, {say:01##}", "(0) 7700-900-###", "ext. 4#, 555.01##", "0161 496 0### or 0161 496 0###"),
    "email": ("{mail}+news@{host}", "{mail}@{host}, all lower case", "jo dot nowak at brightpath dot net", "it's {mail}, then at, then {host}"),
    "url": ("{host}", "blog.{host}/?p=###", "my blog, blue bird dot wordpress dot com", "t.me/bluebird##"),
    "ip": ("10.1#.2##.#", "2001:db8:0:0:8:800:200c:417a", "one ten dot twenty dot thirty dot {say:##}"),
    "national_id": ("my social security's {say:12#4#67##}", "SSN ending {say:####}", "JK 12 34 ## A", "social insurance number 130 692 ###", "12#-4#-#### is the number"),
    "health_plan": ("insurance card number {say:88####}", "Aetna member number W########", "policy no: ##-###-###", "my Medicare, 1EG4TE5MK7#"),
    "record": ("hospital ID {say:4####}", "their file on me, number ######", "crime reference CR/#####/18", "specimen number S18-0####", "NHS no. 943-476-59##"),
    "account": ("acc no 12####78", "card number {say:4111111111111111}", "Amex 3782 822463 1000#", "sort code's {say:20##45}", "BSB 062-###, account 1234 56##"),
    "licence": ("driving licence {say:48####}", "passport no. C########", "social work registration SW1####", "licence plate frame, and licence A#######", "teacher number ##/#####"),
    "vehicle": ("reg number W###ABC", "plates are 4@@@12#", "the van, registration B D five one S M R", "VIN ends in {say:00####}", "number plate DK 12 ###"),
    "device": ("serial: @@######", "device serial {say:77####}", "my pacemaker's number is ######", "IMEI number 49-015420-323751-#", "CPAP serial number 1########"),
    "date": ("on the {ordinal} of {month} twenty eighteen", "{month} the {ordinal}, two thousand and one", "2/1#/20", "Feb 2#nd", "{mon}. 3rd, '98", "{ordinal} {month}", "12-Dec-##", "born on 5/6/7#", "the week of {month} {ordinal}", "New Year's Day 2020"),
    "age": ("ninety-two, she is", "she'll turn {spokenold}", "he's about {old} now", "my {old} year old nan", "dad's {spokenold} and mum's gone", "well into her nineties"),
    "address": ("1# {street} Street, flat #", "number forty-two on {street} Road", "the house in {street} Crescent", "Apt #4, 1#00 {street} Avenue", "{street} Mews", "Post Office Box 4##", "thirty-one {street} Drive"),
    "postcode": ("zip code is {say:60###}", "G12 8QQ", "TX 7####", "postcode's S10 2T@", "V6B 1@1", "BT7 1NN"),
    "name": ("{given} and I", "{title} {rare}", "{given} the neighbour", "{rare}, my oldest friend,", "{given}", "{surname} junior", "{given} {surname}-{surname}", "that {wordname}"),
    "place": ("{village}, near {city}", "the {village} Road estate", "{city} Infirmary", "a village called {village}", "{city}", "St {given}'s Hospice", "{village} Primary"),
}  # fmt: skip
"""Written when the patterns had been mended by what the held-out notations showed; docs/privacy.md gives the first run."""

CARRIERS: dict[str, tuple[str, ...]] = {
    "phone": ("You can ring me on {}, any time.", "So my mobile is {}", "I wrote it on my hand, {}, and then I washed it off.", "The fax is {} if you need it.", "yeah it's {} I think", "They said call {} but nobody picks up.", "{}, that's the number."),
    "email": ("It's {} if you want to send the form.", "I wrote to {} three times.", "my email is {} yeah", "So she replied from {} and I just froze."),
    "url": ("There's a page, {}, with the whole thing.", "I found it on {} at night", "He put the photos up at {} and, um, everybody saw."),
    "ip": ("They traced it to {} he said.", "So the log says {} and I thought, that's us.", "it was from {} apparently"),
    "national_id": ("So I gave them {}.", "It's {}, I know it by heart.", "they wanted {} on the phone"),
    "health_plan": ("It's on the card, {}.", "They asked for {} again.", "um, {} I think it was"),
    "record": ("The letter said {} at the top.", "It's {}, do you need that?", "and I kept reading {} over and over"),
    "account": ("He'd written down {} on a napkin.", "They took it from {}.", "so she had {} all along"),
    "licence": ("I had to read out {}.", "It says {} on the back.", "they copied {} down"),
    "vehicle": ("I remember it, {}, a grey estate.", "The police had {} already.", "it was {} and he just drove off"),
    "device": ("It says {} underneath.", "They recalled it, {}.", "the nurse read {} to me"),
    "date": ("It was {}, I'll never forget it.", "We lost him on {}.", "So {} was the day she left.", "she moved out, {} I think"),
    "age": ("And {}, would you believe.", "Well, {}, so it was no surprise.", "I mean {} and still driving."),
    "address": ("They still live at {}.", "I walked past {} again.", "it's {} you know, by the park"),
    "postcode": ("It's {}, they never find it.", "We moved, it's {} now.", "they put {} on the letter"),
    "name": (
        "I told {n} I couldn't do it any more.", "And then {n} just looked at me.", "My {kin} {n} drove me here.", "Hi {n}, how was your week?", "My name is {n}.", "So I'm sitting there with {n}, right, and nobody says a word.",
        "Thank you, {n}.", "It was {n} who found him.", "I can hear {n} shouting upstairs.", "hi {n}, thanks for coming", "I keep thinking about {n}.", "Does {n} know that you feel this way?", "This is {n}, she'll sit in today.", "{n} said it was my fault.", "she calls me {n} when she's cross", "And I said, {n}, I can't.",
    ),
    "place": ("I grew up in {}.", "We moved to {} when I was nine.", "He's still living near {}.", "They took her to {} in the night.", "I got the train from {} and cried all the way.", "my mum's in {} now"),
}  # fmt: skip


def fresh() -> Iterator[Planted]:
    """Sentences of fresh_notations.txt, each a notation of its own, as they were measured at first sight."""
    for line in Path(__file__).with_name("fresh_notations.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        kind, _, sentence = line.partition("|")
        parts = re.split("[«»]", sentence)
        text = "".join(parts)
        for n in range(1, len(parts), 2):
            start = len("".join(parts[:n]))
            yield Planted(kind, text, start, start + len(parts[n]), sentence, True)


_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, slots=True)
class Planted:
    """A turn with one identifier in it.

    Attributes
    ----------
    start, end : int
        Half-open code-point offsets of the identifier.
    notation : str
        The template that it was made of.
    held_out : bool
    """

    kind: str
    text: str
    start: int
    end: int
    notation: str
    held_out: bool


def _spoken(digits: str, draw: random.Random) -> str:
    words = []
    for character in digits:
        if character == "-":
            words.append(",")
        elif character.isdecimal():
            words.append("oh" if character == "0" and draw.random() < 0.6 else _ONES[int(character)])
        else:
            words.append(character)
    return " ".join(words).replace(" ,", ",")


def _by_twos(digits: str) -> str:
    out = []
    for first, second in zip(digits[::2], digits[1::2], strict=True):
        if first == "0":
            out.append(f"oh {_ONES[int(second)]}")
        elif first == "1":
            out.append(_TEENS[int(second)])
        else:
            out.append(_TENS[int(first)] + (f"-{_ONES[int(second)]}" if second != "0" else ""))
    return " ".join(out)


def render(notation: str, draw: random.Random) -> str:
    """One identifier of a notation."""
    text = re.sub("#", lambda _: str(draw.randrange(10)), notation)
    text = re.sub(r"@(?![a-z])", lambda _: draw.choice("ABCDEFGHJKLMNPRSTVWXY"), text) if "{" not in text else text

    def fill(match: re.Match[str]) -> str:
        name, digits = match[1], match[2]
        if name == "say":
            return _spoken(digits, draw)
        if name == "pairs":
            return _by_twos(digits)
        return draw.choice(WORDS[name])

    return re.sub(r"\{(\w+)(?::([^}]*))?\}", fill, text)


def planted(
    per_notation: int = 6, seed: int = 11, kinds: Mapping[str, tuple[str, ...]] = NOTATIONS
) -> Iterator[Planted]:
    """Turns with one planted identifier each, every kind and notation; a sixth of them in lower case, as in chats."""
    draw = random.Random(seed)
    for kind, notations in kinds.items():
        for number, notation in enumerate(notations):
            for _ in range(per_notation * (4 if kind in {"name", "place"} else 1)):
                what = render(notation, draw).strip()
                carrier = draw.choice(CARRIERS[kind]).replace("{kin}", draw.choice(WORDS["kin"])).replace("{n}", "{}")
                start = carrier.index("{}")
                text = carrier.replace("{}", what)
                if draw.random() < 1 / 6:
                    text = text.lower()
                yield Planted(kind, text, start, start + len(what), notation, number % 3 == 2)
