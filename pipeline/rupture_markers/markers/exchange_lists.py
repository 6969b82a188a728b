"""Word lists of what one party does with what the other just did: accepting, pressing, putting off, holding one's ground.

They are ours, written after reading a hundred misses and a hundred false alarms of each family (docs/detection.md), and
kept free of what the sessions were about. By themselves they say little; `exchange` crosses them with the turn that is answered.
"""

from __future__ import annotations

ACCEPTS = (
    "(that|it|this) ('s|is) (perfectly|completely|totally|absolutely|entirely|very|quite|all|really|) "
    "(okay|fine|allright|all right|understandable|valid|fair|natural|normal|common|right)",
    "(that|this) makes (perfect|total|complete|a lot of|) sense", "you are (not alone|right|allowed|entitled)",
    "I (can|really|completely|totally|definitely|do|) (hear|understand|see|respect|appreciate)",
    "fair (enough|point)", "no (problem|worries)",
)  # fmt: skip
AUTONOMY = (
    "up to you", "your (own|) (choice|decision|call|pace|terms)", "(your|my) own (time|way)", "you (decide|choose)",
    "no (pressure|rush)", "whenever you are", "(if|when) you are ready", "you do not (have|need) to",
    "does not mean (that|) you", "I respect", "take your time", "feel free", "if you ('d|would) (like|prefer|rather)",
    "you know yourself", "not here to (tell|make|judge|push|force)", "only you (can|know)", "in charge",
)  # fmt: skip

EXCHANGE_LISTS: dict[str, tuple[str, ...]] = {
    "accepts": ACCEPTS,
    "autonomy": AUTONOMY,
    "names-limit": (
        "(does|do|is|has|are|have|did) not (feel|seem|fit|make|quite|enough|convinced|ready|inclined|right|help|work)",
        "for now", "right now", "you are (more|) focused on", "you ('d|would) rather",
        "you have (tried|heard|already|been)", "you do not (want|feel|think|see|need|have)",
        "(hurdle|hurdles|obstacle|obstacles|barrier|barriers|challenge|challenges|challenging)",
        "a lot (going on|on your plate|happening|on)", "(busy|reluctant|hesitant|skeptical|sceptical|unsure)",
    ),
    "tries-another": (
        "(a|an|another|different|new|other) (approach|way|option|direction|idea|strategy|route|angle)",
        "(different|new|other) (ways|options|ideas|strategies|approaches|things)", "how about",
        "what (might|would|could) (be|help|fit|work|feel)", "step back", "something (else|different|smaller)",
        "(a|one) (small|smaller|first) step", "(start|starting) small", "there are (also|other|different|many|lots)",
        "instead", "let ('s|us) (focus|start|try|look|slow|explore|talk|step|leave|put)",
        "we (can|could|might) (also|instead|focus|start|try|look|slow|explore|talk|leave|come back)",
        "(maybe|perhaps) we (can|could|should)",
    ),
    "purpose": (
        "reason (why|) (I|we|for|that)", "that 's why (I|we|it)", "I am (just|only|) here to",
        "this (time|space|conversation|process|session) is", "our (time|session|sessions|conversation) (is|are|together)",
        "(is|are) meant to", "my (job|role|commitment|goal|hope|aim)",
        "I (just|only|really|) (want|wanted) to (make sure|help|understand|hear|check|be helpful|be useful)",
        "to help you", "in order to", "just because (we|I)", "the way (this|it|I|we) (works|work|normally|usually)",
        "the (idea|point|purpose|aim) (is|of|here|behind)",
    ),
    "mends": (
        "I am (so|really|very|) sorry", "(apologies|apologise|apology)",
        "(thanks|thank you) for (pointing|telling|saying|letting|correcting|clarifying|being honest)",
        "I am not (saying|asking|trying|here|suggesting|telling|judging|blaming)", "I (just|) meant",
        "did not (mean|want|intend) to", "I did not mean", "you are right", "fair enough", "I hear (you|that)",
        "I understand (that|why|you)", "I get (that|it|why)", "my mistake",
    ),
    "complies": (
        "(absolutely|certainly|definitely|understood|sure)", "of course", "we can", "here (are|is|'s)",
    ),
    "counters": (
        "come on", "I cannot believe", "do not you (know|think|want|care)", "no wait",
        "I (do|will) not (tolerate|accept|allow)", "(pretty|very|highly) unlikely",
        "cannot (guarantee|do that|give you|help you)", "(nothing|not much) (I|we) can do",
        "(tell|call|inform) your (parents|mother|father|mum|mom|dad|boss|school|wife|husband)", "I thought you",
        "you (really|just|simply) (need|have|must|should|ought)", "how could (it|you)",
        "(rule|rules|policy|consequence|consequences|violation|violations|penalty|penalties|excuse|excuses|obviously)",
        "that 's (ridiculous|nonsense|not true)",
    ),
    "hard-for-you": (
        "(must be|can be|sounds|sound|feels|feel|seems) (like|) (really|very|so|quite|pretty|incredibly|) "
        "(tough|hard|difficult|challenging|overwhelming|frustrating|scary|discouraging|unsettling|daunting|painful)",
    ),
    "presses": (
        "you (will|do|really|just|probably|) (need|have|got|ought) to", "you (should|must|better|had better|cannot)",
        "you are going to (have|need|stop)", "I am going to (write|put|set|need)", "I need you",
        "(set|make) a goal", "the plan is", "we (have|) (got|need) to", "make sure (that|) you", "take responsibility",
        "(the|our|these|have) rules", "consequences", "not allowed", "(tolerate|tolerance|tolerated)",
        "better off (without|if)", "(is|are) (not|never) (okay|acceptable)", "I cannot have", "(expect|expects) of",
        "(accident|accidents|fight|fights|assault|kill|kills|killed|die|dying|danger|dangers|dangerous)",
        "(trouble|jeopardy|suspended|expelled|arrested)", "lose your", "puts you", "at (more|) risk", "high risk",
        "bad for you", "very serious", "(gets|get|getting) worse", "cause (you|more|) problems",
    ),
    "cushions": (
        "(sounds|seems|looks|feels) (like|as)", "you (said|mentioned|told|feel|felt|want|wanted|decided)",
        "one of the reasons", "I hear", "is that right", "would that be", "part of you", "important (for|to) you",
        "what (time|would|could|kind)", "how (would|could|often|much)", "(can|could|may) I",
        "would (it|that) be (okay|allright|all right)", "would you (like|be willing|be open|be interested)", "shall (we|I)",
        *AUTONOMY,
    ),
    "reassures": (
        "(perfectly|completely|totally) (okay|fine|allright|all right|understandable|normal|natural)",
        "that 's (okay|fine|allright|all right)", "at your (own|) pace", "take your time", "no (rush|pressure)",
        "whenever you are", "it 's (okay|fine) (to|if|not)", "up to you",
    ),
    "praises": (
        "that 's (a|an|really|) (great|wonderful|good|fantastic|excellent|solid|thoughtful)",
        "(great|wonderful|fantastic|excellent)",
    ),
    "puts-off": (
        "before (we|I)", "(recap|summarise|summarize|summary)", "your own", "works best for you",
        "what (do|would) you (think|believe|feel|like)", "could you share", "how (might|would|could|do) you",
        "(anything|something) else", *AUTONOMY,
    ),
    "delivers": (
        "here (are|is)", "(include|includes|including)", "for example", "such as", "one (idea|option|way)",
        "(some|many) people find", "would you like (some|any|to hear|me to)",
    ),
    "asks-judgement": (
        "(how|what) (do|does|did|are|would) (you|it|that|this) (feel|make)", "you feel about",
        "(affect|affects|affected|impact|impacts|influence|influences)", "(concern|concerns|worry|worries|bother|bothers) you",
        "(made|led) you", "(reconsider|downside|downsides)", "relationship with", "is (it|that) a problem",
        "your thoughts (on|about)", "what do you (think|make) (of|about)",
    ),
    "asks-for-steps": (
        "(step|steps|strategy|strategies|approach|option|options|alternative|alternatives|plan|plans)",
        "what (could|might|would) (help|support|work)", "(other|new|different|another) (way|ways)",
        "would you (like|be open|be willing|be interested|consider|try)", "how does (that|this) (sound|sit|feel)",
        "would (it|that|this) help", "(try|start|trying|starting|explore|exploring)",
        "have you (thought|considered|tried|looked)",
    ),
    "asks-for-trouble": (
        "(hard|hardest|difficult|difficulty|challenge|challenges|challenging|barrier|barriers|obstacle|obstacles)",
        "(downside|downsides|worry|worries|worried|concern|concerns|dislike|struggle|struggling|stress|tough)",
    ),
    "objects": (
        "I (just|really|still|) (do|can|will|would|could|did|have) not", "I am (just|really|still|) not",
        "not (really|ready|sure|interested|enough|that|my|a big|a problem)", "(that|it) ('s|is) not", "does not",
        "did not (work|help)", "no (time|point|idea|use)", "nothing", "hard time", "the (only|) problem", "waste",
        "I just (want|need)", "why (do|does|should|are|would)", "(but|though|only|tried|never)",
        "just (like|a|one|two|once|the)", "(making|made|sent|wants) me", "have to be here",
    ),
    "refuses": (
        "(no|none|nothing|whatever)", "not (really|sure|much|particularly)", "do not know", "you tell me",
    ),
    "settled": (
        "(fine|okay|cool|comfortable|happy|content|good|allright) with (it|that|this|how|my|things)",
        "feel (fine|okay|great|good|allright|well)", "no (problem|problems|worries|issue|issues|concern|concerns|harm)",
        "not (a|an|any|much of a|really a|such a) (problem|issue|concern|big deal)",
        "not (too|that|so|all that|very|really|seriously|) (bad|heavy|worried|bothered|concerned|serious|affected)",
        "(does|do|is|are|has) not (really|seriously|actually|) (bother|affect|impact|hurt|worry|concern|affecting|bothering)",
        "only (really|) (concerned|a|one|two|when|at|on)", "(everyone|everybody) (does|do|has|is)",
        "like (everyone|everybody|most|anyone|anybody)", "under control", "in moderation", "less than", "compared (to|with)",
        "works (fine|well|) for me", "nothing (wrong|to worry|to fix|to change|to talk)", "used to (it|them|that)",
        "(it|that|this) ('s|is) (just|only|) (normal|natural|nothing|how it is|the way it is|life)",
        "I (could|can) (stop|quit|handle|manage|cope)", "if I (really|) wanted", "(who|the way) I am",
        "do not (have|see|need) (a|any|the|) (problem|issue|help)",
    ),
    "frame": (
        "(supposed|meant|told|instructed|brought) to", "programmed",
        "this (study|chat|conversation|session|program|programme|process|thing|bot|app|meeting|interview)",
        "talking about (this|it)", "wrap (this|it|) up", "how long (is|are|does|will)", "are we done",
        "(private|confidential|waiting|appointment|robot|bot|chatbot|machine|computer|survey|goodbye|bye)",
        "you (seem|keep|make|were|said|just|are just)", "listen to you", "you tell me",
        "what (do|would) you (want|like|expect)", "that ('s|is) (it|all)",
    ),
    "obstacle": (
        "only problem", "lack of", "not possible", "(it 's|it is|is|are) (just|really|so|too|pretty|) (hard|difficult|tough)",
        "for so long", "(another|some other) time", "at the moment", "not (yet|now|today|ready)",
        "would not (want|be|work|like|help)", "(do|does|did) not (really|actually|) (want|work|help|believe|need|care|matter)",
        "side effects", "waste", "been there", "nothing (has|works|helps|ever|else)", "never (works|worked|helps|helped)",
        "(tried|already|still)", "all I (need|have) to", "I know (how|what|that)", "the thing is", "depends",
        "too (hard|much|busy|late|expensive|tired|difficult|long)", "takes (too|so|time|a lot)",
    ),
    "wishes-change": (
        "I (really|just|do|would|also|still|) (want|need|like|love|wish|hope|plan|decided|try) to "
        "(quit|stop|change|cut|reduce|give up|get|do|be|try|find|improve|set|feel|work|understand|learn)",
        "I am (really|) (trying|going|ready|hoping) to", "I should (stop|quit|change|try|start)", "I ('d|would) (love|like)",
        "(determined|motivated)",
    ),
    "asks-for-help": (
        "what (do|would|can|could) (you|I) (suggest|recommend|advise|do)", "(give|tell|show|send) me",
        "(any|some) (ideas|tips|suggestions|advice|options|resources|help)", "what should I", "help me (with|to)", "go on",
        "(effective|best|better) (ways|way)", "(could|can|would|do) you (suggest|recommend|help|give|tell|show|explain)",
        "hoping you", "you (choose|decide)", "what (is|are|'s) the (best|options|plan)", "(summarise|summarize)",
    ),
    "concedes": (
        "I (know|understand|get|agree|guess|would|could)", "I am aware", "(sure|yes|yeah|great|good|helpful|true|maybe)",
        "some are",
    ),
    "compares": (
        "(other|most|some) (people|kids|parents|students|guys|women|men)", "my friends (all|) (do|are|have)",
        "(like|as|than) (everybody|everyone|most|others|anyone)", "compared (to|with)",
        "(less|fewer|better|worse) than", "(no one|nobody) cares", "not an (addict|alcoholic|idiot)",
        "not a (bad|criminal|child|kid)", "that 's (what|how) (they|we|people|everyone)", "just (my|the) way",
    ),
    "holds-ground": (
        "still (want|would|do|think|feel)", "I just (want|need|cannot)", "what for", "how long",
        "(lecture|lecturing|rush|rushing|pressure|pressured|pressuring|pushing|nagging|judging|judged)", "been there",
        "I do not (need|rely|depend)", "my own (time|way|choice|life|business|decision)", "leave me alone",
    ),
    "goes-along": (
        "I (will|can|could) (definitely|just|probably|) (try|make|stop|avoid|do|get)",
        "I know (it 's|it is|I should|I need)", "I (definitely|totally|completely|) (agree|understand)", "definitely",
        "makes sense", "I (promise|appreciate)", "thank you",
    ),
    "explains": (
        "(because|but|when|if|so|and|since)",
    ),
}  # fmt: skip
"""Name -> phrases in the notation of `phrases.variants`."""
