"""Plain word lists: what speakers do in a turn, as far as words tell. Counts of them are features, not rules.

The lists are ours, written from the general literature on counselling talk (open and closed questions,
reflections, advice: Miller & Rollnick's MI; hedging and stance: conversation analysis). None is weighted by hand.
"""

from __future__ import annotations

from functools import lru_cache

from rupture_markers.markers.exchange_lists import EXCHANGE_LISTS
from rupture_markers.markers.word_counts import WordCounter

WORD_LISTS: dict[str, tuple[str, ...]] = {
    "first-person": (
        "(I|me|my|mine|myself|im|ive)",
    ),
    "second-person": (
        "(you|your|yours|yourself)",
    ),
    "we": (
        "(we|us|our|ours|together)",
    ),
    "third-person": (
        "(he|she|they|him|her|them|his|their|hers|theirs)",
    ),
    "people-in-general": (
        "(people|everyone|everybody|anyone|anybody|nobody|someone|somebody|one)", "most of us",
    ),
    "negation": (
        "(not|no|never|nothing|none|neither|nor|nobody|nowhere)",
    ),
    "hedge": (
        "(maybe|perhaps|probably|possibly|somehow|somewhat|apparently|presumably|supposedly|guess)",
        "(kind|sort) of", "(kinda|sorta|ish)", "I suppose", "I (think|mean|believe)", "more or less",
        "a (bit|little)", "(might|could) be", "or (something|whatever|anything)", "in a way",
        "to some extent", "as it were",
    ),
    "not-knowing": (
        "(I|) do not know", "(dunno|idk|dno)", "not sure", "no idea",
        "(I|) cannot (say|think|remember|tell)", "hard to (say|tell|explain)", "who knows",
        "(I|) have not thought", "never thought about it", "no clue",
    ),
    "agreement": (
        "(yes|yeah|yep|okay|sure|right|allright)",
        "(exactly|absolutely|definitely|totally|agreed|true|fine)", "of course", "all right",
        "that 's (right|true|it|fine)", "(sounds|sound) good", "I agree", "makes sense", "fair enough",
        "you 're right", "I see", "good (idea|point)", "will do",
    ),
    "disagreement": (
        "(no|wrong|disagree|nonsense|rubbish|bullshit)",
        "not (really|true|exactly|quite|at all|necessarily)",
        "I do not (think|agree|believe|see|want|need|care|like|buy)", "that 's not", "that is not",
        "it 's not", "it is not", "I would not", "I am not", "does not (work|help|matter|make)",
        "I did not (say|mean|ask)", "actually",
    ),
    "but": (
        "(but|although|though|however|except)",
    ),
    "yes-but": (
        "(yes|yeah|okay|sure|right|maybe|true|yep), but",
        "I (know|hear you|understand|see|get that|get it|get what you mean), but",
        "(that 's|) (fine|great|true|nice|all very well), but", "I agree, but",
    ),
    "minimal": (
        "(mm-hmm|mm-hm|uh-huh|mmm|mm|hmm|hm|mhm|huh|ah|oh|aha)", "(mm|uh|um) (hmm|hm|huh)",
    ),
    "feeling-bad": (
        "(sad|angry|anxious|afraid|scared|hurt|ashamed)",
        "(guilty|lonely|upset|worried|stressed|frustrated|annoyed|tired)",
        "(awful|terrible|horrible|miserable|depressed|hopeless|worthless)",
        "(useless|pain|painful|crying|cried|hate|alone)",
        "(overwhelmed|overwhelming|lost|empty|numb|exhausted)",
        "(furious|disappointed|jealous|desperate|panic|fear|grief)",
    ),
    "feeling-good": (
        "(happy|glad|good|great|better|proud|relieved|calm)",
        "(hopeful|excited|love|enjoy|nice|wonderful|helpful|hope)",
    ),
    "absolute": (
        "(always|never|everything|nothing|everyone|nobody|all|every|completely|totally|ever)",
    ),
    "reasoning": (
        "(because|since|therefore|so|think|thought|realise|understand|reason|means|cause|know)",
    ),
    "therapy-talk": (
        "(therapy|therapist|therapists|counselling|counsellor)",
        "(session|sessions|treatment|psychologist|psychiatrist)",
        "(homework|exercise|worksheet|questionnaire|form|forms)",
        "(diary|technique|appointment|referral|clinic|programme|program)",
        "(in here|coming here|come here|being here|be here|this place|talking to you|this thing)",
    ),
    "sent-here": (
        "(court|judge|probation|mandated|ordered|referred)", "(made|told|making|forced|sent|wants|want) me",
        "have to be here", "had to come", "no choice",
        "my (wife|husband|mum|mom|boss|doctor|lawyer|school) (said|wants|thinks|made)",
    ),
    "time-and-cost": (
        "(minutes|late|waiting|waited|wait|cost|costs|money|pay|paid|paying|charge|hurry|busy)",
    ),
    "about-the-other": (
        "you (do not|did not|are not|were not|never|always|keep|think)",
        "you (said|say|want|just|should|cannot|could not|people|lot)",
        "your (question|questions|job|idea|ideas|fault|opinion|point|voice|list|sheet|book)", "like you",
        "with you", "from you",
    ),
    "demand": (
        "(stop|leave|drop|quit|forget|give me|let me|tell me|show me|move on|listen)", "I (just|) want",
        "I (just|) need", "do not (you|tell|ask|start|say|talk|put|call|write|do|even)",
        "can (I|we) (go|stop|leave|not|move)",
    ),
    "question-back": (
        "(why|what|how) (do|are|would|is|should|does|did) (you|that|this|it|I)",
        "what do you (mean|think|want)", "(are|do|did|have|can|could|would|is) you", "such as", "like what",
        "you tell me", "what about you", "meaning what", "what 's that (got|supposed)",
        "is that (it|what|a)", "so what",
    ),
    "thanks": (
        "(thanks|thank you|cheers|appreciate|grateful)",
    ),
    "apology": (
        "(sorry|apologies|apologise|apology)", "my (fault|bad|mistake)", "forgive me", "I should not have",
    ),
    "self-blame": (
        "(stupid|idiot|pathetic|lazy|weak|failure)",
        "(fool|silly|selfish|useless|worthless|hopeless|ridiculous)", "my (own|) fault",
        "I (always|) (mess|messed|screw|screwed|ruin|ruined)", "what 's wrong with me", "hate myself",
        "blame (myself|me)", "I am (bad|terrible|rubbish|awful|crap)", "a burden",
    ),
    "hopeless": (
        "(pointless|hopeless|useless)", "what 's the (point|use)", "no point",
        "nothing (helps|works|changes|will|ever|has worked)", "give up", "given up",
        "never (change|changes|get better|going to)", "too late", "no (hope|way out)", "I cannot do",
        "(does not|doesn't) matter", "why bother", "it 's no use", "tried everything",
    ),
    "swearing": (
        "(fuck|fucking|fucked|shit|bloody|crap|damn|hell|bullshit|arse|ass|piss|pissed|wtf)",
    ),
    "laughs-in-writing": (
        "(lol|haha|hahaha|hehe|lmao|ha|hah|lolol|rofl)", "😂", "🤣",
    ),
    "open-question": (
        "(what|how|why|where|who|when|which|whats) (do|does|did|is|are|was|were|have)",
        "(what|how|why|where|who|when|which|whats) (has|had|can|could|would|will|should|might|'s)",
        "(what|how) (about|else|made|makes|brings|brought|kind)",
        "(what|how) (sort|kinds|happens|happened|comes|came|might|goes)", "how come", "in what way",
        "how (important|ready|confident|much|often|long) (do|is|are|would|did)",
    ),
    "yes-no-question": (
        "(do|did|does|are|were|is|was) (you|it|that|there|he|she|they|we|this|I)",
        "(have|had|has|can|could|would|will|should) (you|it|that|there|he|she|they|we|this|I)", "is n't it",
        "do n't you", "are n't you", "did n't you",
    ),
    "wh-before-auxiliary": (
        "(what|how|why|where) (do|did|does|are|were|is|was) (you|it|that|there|he|she|they|we|this|I)",
        "(who|when|which|whats) (do|did|does|are|were|is|was) (you|it|that|there|he)",
        "(who|when|which|whats) (do|did|does|are|were|is|was) (she|they|we|this|I)",
        "(what|how|why|where) (have|had|has|can) (you|it|that|there|he|she|they|we|this|I)",
        "(who|when|which|whats) (have|had|has|can) (you|it|that|there|he|she|they|we|this|I)",
        "(what|how|why|where) (could|would|will|should) (you|it|that|there|he|she|they|we|this|I)",
        "(who|when|which|whats) (could|would|will|should) (you|it|that|there|he|she|they|we|this|I)",
    ),
    "invitation": (
        "tell me", "say (more|a bit|a little|something)",
        "(I wonder|I am wondering|I was wondering|I am curious|I 'd be curious|wondering)",
        "(I 'd|I would) (like|love) to (hear|know|understand)", "help me (understand|see)",
        "what (comes|came) (up|to mind)", "walk me through", "can you describe",
        "your (thoughts|sense|view|take|feelings|hunch)", "go on", "what would you like",
        "would you like to (talk|share|tell|explore|say)", "feel free", "describe",
    ),
    "feeling-question": (
        "(do|did|are|were|does|would) you feel", "you feeling", "(what|how) is that like",
        "what 's (that|it) like", "like for you", "in your (body|chest|stomach|throat)",
        "how does (that|it|this) (feel|sit|sound)", "how do you feel", "what was (that|it) like",
    ),
    "scale-question": (
        "scale (of|from)", "(zero|one|nought|0|1) to (ten|10|100|a hundred)", "out of (ten|10|100)",
        "on a scale", "how much do you believe",
    ),
    "permission": (
        "(is it|would it be|is that) (okay|all right|allright|alright|ok) (if|with)",
        "(do you mind|would you mind)", "(can|could|may) I (ask|just|share|tell|give)",
        "if (that 's|it 's) (okay|all right|allright)", "shall we", "how would you feel about",
    ),
    "reflection": (
        "(it|that) (sounds|seems|looks|feels) (like|as)", "(sounds|seems) like",
        "(so|and) you (are|feel|felt|have|had|want|wanted|think|said|do|did)",
        "you (feel|felt|are feeling)", "what I (hear|am hearing|understand)", "I hear", "you are saying",
        "if I (understand|hear|heard) you", "part of you", "on (the|) one hand",
        "it 's (hard|difficult|tough|important)", "must (be|feel|have)", "in other words", "you mentioned",
        "I get the sense",
    ),
    "advice": (
        "you (should|could|need to|ought|must|have to|might want|can)",
        "(have|had) you (thought|considered|tried)", "why do n't you",
        "I (would|'d) (suggest|recommend|encourage|advise)", "my advice", "(try|trying) to",
        "it (would|might|could) (help|be good)", "it might be (helpful|worth|useful)", "what about",
        "how about", "one thing you", "consider", "make sure", "the best thing",
    ),
    "press": (
        "why (did|do|have) n't you", "why not", "but you", "you (said|told me|agreed|promised)",
        "are you sure", "do n't you think", "you know that", "you do realise", "the (fact|problem) is",
        "is n't (it|that)", "surely", "you really", "I need you to", "are you aware",
    ),
    "information": (
        "(research|studies|evidence|guidelines|risk|risks)",
        "(percent|statistics|according|effects|causes|recommended|average)", "most people",
        "a lot of people", "many people", "we know", "it can (cause|lead|help)", "what (happens|we do) is",
    ),
    "affirmation": (
        "(well done|good for you|fantastic|excellent|brilliant|wonderful|impressive|proud|amazing)",
        "that 's (great|good|wonderful|brave|a good)", "I appreciate", "good (job|work)", "it takes",
        "you have (worked|done|managed)", "glad (you|to)",
    ),
    "validation": (
        "(makes|make) sense", "(understandable|understandably|natural|normal)",
        "I (can|) (see|understand) (why|how|that)", "of course you", "no wonder", "(anyone|anybody) would",
        "I do n't blame you", "it 's (okay|ok|all right|allright|fine) (to|that|not|if)",
        "you have (every|a) right", "fair (enough|point)", "that 's fair", "I understand", "good reason",
    ),
    "own-part": (
        "I (got|went|was|pushed|rushed|missed|jumped|made|did) (that|it|too|a|ahead|wrong|not|to)",
        "I (should|could) have", "my (fault|mistake|part)",
        "I (missed|misheard|misunderstood|misread|assumed|pushed|rushed|interrupted)", "you are right",
        "I did n't (listen|hear|understand|mean|explain|ask|realise)", "that 's on me", "I put you",
        "I owe you", "I let you down", "I am not (helping|explaining|being|listening|getting)",
    ),
    "about-us": (
        "between us", "(with|from|to|at|about) me", "(in|into) (here|this room)", "right now", "just now",
        "between you and me", "you and I", "our (work|relationship|conversation|talk|time|sessions)",
        "here with me", "what just happened", "how (I|we) are", "working together",
        "what I (said|asked|did)", "when I (said|asked|say|ask)",
    ),
    "self-disclosure": (
        "I (notice|noticed|feel|felt|am feeling|am aware|am struck|find myself)",
        "I (sense|imagine|worry|am worried|am afraid|am noticing|realise|am a bit|am not sure)", "for me",
        "on my (side|end|part)", "I have been (thinking|wondering)",
    ),
    "rationale": (
        "the (reason|idea|point|aim|purpose|thinking) (is|was|of|behind|I|we|for|why)",
        "(that 's|which is) why", "so that", "in order to", "it helps (us|me|you)", "the way it works",
        "let me explain", "what I mean", "because it", "reason I", "because I", "what this does",
    ),
    "change-of-task": (
        "(would|'d) (you|it) (prefer|rather|be better)",
        "let ('s|us) (leave|not|drop|park|put|stop|start|try|do|forget)",
        "we (do not|could|can) (have to|also|leave|start|do|try|skip|instead)",
        "something (else|different)", "instead", "what would (help|be useful|be helpful)",
        "what would you (like|prefer|want|rather)", "up to you", "your (choice|decision|call)",
        "we can (leave|change|stop|skip|slow|just)", "slow down", "no (need|pressure|rush)",
        "you do not have to", "put (that|it|this) (aside|away|to one side|down)",
    ),
    "redirect": (
        "(coming|come|going|go|getting|get|bring|bringing|back) (back|us back|to|us) (to|to what|on)",
        "back to", "let ('s|us) (go|come|get|stay|look|focus|talk|think|go back)", "stay (with|there)",
        "I (would|'d) like to (go|come|focus|stay|return|talk)", "before we",
        "you were (saying|telling|talking)", "(so|now|okay), (what|how|tell|let)", "focus on",
        "on (the|your) (agenda|list)", "I notice (we|you)", "moving on", "earlier you",
    ),
    "clarify": (
        "I (did not|do not|was not|am not) (mean|saying|meaning|trying)",
        "I (did not|do not|was not|am not) (telling|suggesting|asking|here to)",
        "what I (meant|mean|was trying|am trying)", "(not|n't) what I (meant|mean|said)",
        "let me (rephrase|clarify|try|put|say|explain|be clear)",
        "(is that|have I|did I) (right|got|get|understand|what)", "to be clear", "I meant", "do you mean",
        "did I (say|hear|get|miss)", "misunderst(ood|anding)", "not that you",
    ),
    "closing": (
        "thank you for (sharing|your|coming|talking|being|our|taking)",
        "thanks for (sharing|coming|talking|your|taking|listening)", "(summarise|summarize|summary|recap|to sum up)",
        "see you (next|in|then|later|soon)", "next (week|time)", "end of (our|the) (session|time|conversation)",
        "running out of time", "before we (finish|end|wrap|close|stop|go)", "take care", "good (luck|bye)",
        "what we (have|'ve|) talked about", "goodbye",
    ),
    "anything-else": (
        "(anything|something) else", "any (other|more) (thoughts|questions|reasons|concerns)",
        "anything (on your mind|you would like|you 'd like|more|in particular|specific)", "any questions",
    ),
    "self-report": (
        "(I am|I have been|I was|I feel|I felt)", "I (try|tried|want|wanted|need|hope|love|enjoy|used to)",
    ),
    "obligation": (
        "you (need to|have to|must|should|ought|cannot|better|had better)", "(got|gotta|supposed) to",
        "(rules|rule|policy|required|responsibility|consequences|zero tolerance|not allowed)", "I (need|want|expect) you",
    ),
    "stop-talking-of-it": (
        "(do not|don't) (want|need|like|wish) to (talk|think|go|get|discuss|be|hear|do)",
        "(not|never) (here|ready|interested|comfortable) (to|for|in|with|about)", "(rather|prefer) not",
        "none of your", "why (are|do) (you|we)", "what (does|has) (that|this|it)", "can (I|we) (just|go)", "are we done",
    ),
    "compliance": (
        "I('ll| will| can| could| guess I| suppose I) (try|think about|give it|do|stop|see|have to|could|can|will)",
        "if (you|that 's|it)", "I understand", "you are the", "whatever", "I guess (so|)", "I suppose (so|)",
        "I promise", "you 're right", "fine",
    ),
    "minimising": (
        "(not|no) (a|that|such a) (big|bad|huge)", "(big deal|no problem|it 's nothing|I 'm fine|I am fine|not bad)",
        "not (that|so|too) (much|bad|many|often|serious)", "(only|just) (a|one|two|like|once|sometimes|at)",
        "everyone (does|drinks|smokes|is)", "(less|fewer) than (most|other|my)", "do not (really|) (drink|smoke|think|have|see)",
    ),
}  # fmt: skip


@lru_cache(maxsize=1)
def word_counter() -> WordCounter:
    """Return the counter over `WORD_LISTS` and `EXCHANGE_LISTS`, made once in a process."""
    return WordCounter(WORD_LISTS | EXCHANGE_LISTS)
